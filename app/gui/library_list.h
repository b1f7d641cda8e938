#pragma once
// The library beside the runs table: views, tags, sweeps, bin; each line with its number of runs.
#include "core/base/json.h"
#include "core/project/rows.h"
#include <QAbstractButton>
#include <QScrollArea>

class QVBoxLayout;

namespace lathe {

struct Shell;

struct LibraryView {
    QString id, title, query;
    bool bin = false, live = false, is_saved = false;
};

class LibraryRow : public QAbstractButton {
    Q_OBJECT
public:
    LibraryRow(const QString& title, QWidget* parent);
    void set_count(qint64 count) { m_count = count; update(); }
    QSize sizeHint() const override { return {120, 32}; }
protected:
    void paintEvent(QPaintEvent* event) override;
    void enterEvent(QEnterEvent* event) override;
    void leaveEvent(QEvent* event) override;
private:
    qint64 m_count = -1;
};

class LibraryList : public QScrollArea {
    Q_OBJECT
public:
    explicit LibraryList(const Shell& shell, QWidget* parent = nullptr);
    void refresh();                                        ///< counts, tags and sweeps, from a worker thread
    void set_current(const QString& id);
    const QString& current() const { return m_current; }
    void save_view(const QString& title, const QString& query);
    void remove_view(const QString& id);
    const QList<LibraryView>& views() const { return m_views; }
Q_SIGNALS:
    void chosen(lathe::LibraryView view);
    void empty_bin_requested();
    void retry_sweep_requested(qint64 sweep);
protected:
    void keyPressEvent(QKeyEvent* event) override;
private:
    struct Counts { std::vector<std::int64_t> views; std::vector<std::pair<std::string, std::int64_t>> tags; std::vector<SweepRow> sweeps; };
    void load_views();
    void show_counts(const Counts& counts);
    LibraryRow* add_row(const LibraryView& view, qint64 count);
    const Shell& m_shell;
    QWidget* m_body = nullptr;
    QVBoxLayout* m_column = nullptr;
    QList<LibraryView> m_views;                            ///< built in and saved
    QString m_current = QStringLiteral("all"), m_shown;
};

}
