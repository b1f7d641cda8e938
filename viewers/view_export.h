#pragma once
// Views written to files as they are on the screen: PNG at twice the resolution, SVG and PDF as drawings.
#include <QSize>
#include <QString>
#include <functional>

class QPainter;
class QWidget;

namespace lathe {

/// By the suffix of the file: png, svg, pdf. `draw` paints a view of `size`. run: uuid of the run that made what is shown, so that the file finds it again; may
/// be empty. False: another suffix, or the file could not be written; an existing file then stays as it was.
bool write_view(const QString& file, const QSize& size, const std::function<void(QPainter&)>& draw, const QString& run = {}, double scale = 2);
bool write_text(const QString& file, const QString& text);               ///< UTF-8, whole or not at all
/// The table with a last column "lathe-run", so that the file finds the run again; unchanged where run is empty.
QString csv_of_run(const QString& csv, const QString& run);
/// Where failures are told: the window sets its message bar. Viewers know no window; without one nothing is shown.
void set_export_report(std::function<void(const QString& what, const QString& where, const QString& hint)> report);
void show_export_failed(const QString& file);
/// The run a viewer shows, set by its owner as the property "lathe_run".
QString shown_run(const QWidget* viewer);

}
