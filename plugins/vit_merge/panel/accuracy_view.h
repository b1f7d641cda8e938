#pragma once
// Tasks by methods: joint accuracy, oracle-head accuracy and gate accuracy, each in columns of its own, storage and time; hard routing is marked as the baseline to beat.
// GUI thread only.
#include "plugins/vit_merge/panel/answers.h"
#include <QAbstractTableModel>
#include <QHash>
#include <QWidget>

class QPushButton;

namespace lathe {
class ElidedLabel;
class IconButton;
class SegmentedControl;
class TableView;
}

namespace lathe::vit_merge {

class AccuracyModel : public QAbstractTableModel {
    Q_OBJECT
public:
    struct Cell { double value = 0; int decimals = 1; QString text; };   ///< a number (NaN: empty), or a text
    using QAbstractTableModel::QAbstractTableModel;
    void set_rows(const QStringList& heads, const QStringList& tips, const QList<QList<Cell>>& rows, int baseline, bool stale);
    int rowCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : int(m_rows.size()); }
    int columnCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : int(m_heads.size()); }
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
    QString text(int row, int column) const;
    const QStringList& heads() const { return m_heads; }
private:
    QStringList m_heads, m_tips;
    QList<QList<Cell>> m_rows;
    int m_baseline = -1;
    bool m_stale = false;
};

class AccuracyView : public QWidget {
    Q_OBJECT
public:
    enum class Columns { summary, joint, oracle, gate, side_by_side };
    explicit AccuracyView(QWidget* options, QWidget* parent = nullptr);
    void set_method_titles(const QHash<QString, QString>& titles);
    void take(const Artifact& artifact);                   ///< tables accuracy and methods
    void forget();
    void set_stale(bool stale);
    void set_running(const QString& text);                 ///< empty: it does not run
    Columns columns() const;
    void set_columns(Columns columns);                     ///< no signal
    TableView* table() { return m_table; }
    AccuracyModel* model() { return m_model; }
    QString note() const;
    QString as_latex() const;
    QString as_csv() const;                                ///< all that was measured
    QStringList methods() const;
    QStringList tasks() const;
Q_SIGNALS:
    void run_requested();                                  ///< while it runs: cancel
    void columns_changed();                                ///< by the user
private:
    void rebuild();
    void add_summary(QStringList& heads, QStringList& tips, QList<QList<AccuracyModel::Cell>>& rows) const;
    void add_measure(QStringList& heads, QStringList& tips, QList<QList<AccuracyModel::Cell>>& rows, const char* measure, const QString& title, const QString& tip) const;
    double value_of(const QString& method, const QString& task, const char* measure) const;
    QList<int> method_rows(const QString& method) const;   ///< of the table of methods
    int repeats() const;                                   ///< most rows of one method and task
    QString title_of(const QString& method) const;
    CsvTable m_accuracy, m_methods;
    QHash<QString, QString> m_titles;
    QHash<QString, QList<int>> m_places;                   // method and task -> rows, one for each seed
    QString m_running;
    bool m_stale = false;
    SegmentedControl* m_switch;
    QPushButton* m_run;
    IconButton *m_latex, *m_csv;
    ElidedLabel* m_note;
    TableView* m_table;
    AccuracyModel* m_model;
};

}
