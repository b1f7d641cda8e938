#pragma once
// A small table of texts for inspector docks (Quality, Classes, Methods): figures right-aligned, rows of 26, heads of 28, copy by Ctrl+C.
#include <QTableWidget>

namespace lathe {

/// One look for every item view: row heights, no grid, 1 px lines, heads in semibold.
void prepare_table(QTableView* table);

enum class CellTone { normal, secondary, ok, warn, err, strong };

class SimpleTable : public QTableWidget {
    Q_OBJECT
public:
    explicit SimpleTable(const QStringList& heads, QWidget* parent = nullptr);    ///< columns but the first are right-aligned
    void set_text_columns(const QList<int>& columns);                             ///< texts, not figures: left-aligned; before set_rows()
    void set_rows(const QList<QStringList>& rows);
    void set_tone(int row, int column, CellTone tone);
    void set_stale(bool stale);                                                    ///< italic, colour of hints
    void set_fit_rows(bool fit);                                                   ///< height = all rows, no scroll bar
    QString as_csv() const;
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;
protected:
    void keyPressEvent(QKeyEvent* event) override;
private:
    void retone();
    QList<int> m_text_columns{0};
    bool m_stale = false, m_fit = true;
};

}
