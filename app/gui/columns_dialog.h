#pragma once
// Which columns the runs table shows, and in which order: a list with check marks, a filter, up and down.
#include "app/gui/run_columns.h"
#include <QDialog>

class QListWidget;

namespace lathe {

class ColumnsDialog : public QDialog {
    Q_OBJECT
public:
    ColumnsDialog(const std::vector<RunColumn>& shown, const std::vector<std::string>& parameters, const std::vector<std::string>& metrics, const Catalogue& catalogue, QWidget* parent);
    std::vector<RunColumn> columns() const;         ///< empty: "Default" was chosen
private:
    void move(int by);
    std::vector<RunColumn> m_all;
    QListWidget* m_list;
    bool m_default = false;
};

}
