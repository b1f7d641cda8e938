#pragma once
// What the palette offers: > actions, # runs, : parameters of the current workspace, @ settings. Runs are kept ready, so that opening it never waits.
#include "core/project/rows.h"
#include "widgets/command_palette.h"
#include <QObject>
#include <functional>

namespace lathe {

struct Shell;

class PaletteSource : public QObject {
    Q_OBJECT
public:
    PaletteSource(const Shell& shell, std::function<QWidget*()> current_workspace, QObject* parent);
    std::vector<PaletteEntry> entries() const;
Q_SIGNALS:
    void run_chosen(qint64 run);
    void setting_chosen(QString key);
private:
    void refresh_runs();
    void add_actions(std::vector<PaletteEntry>& entries) const;
    void add_parameters(std::vector<PaletteEntry>& entries) const;
    void add_settings(std::vector<PaletteEntry>& entries) const;
    const Shell& m_shell;
    std::function<QWidget*()> m_workspace;
    std::vector<RunRow> m_runs;
};

}
