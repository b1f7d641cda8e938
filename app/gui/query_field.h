#pragma once
// The query of the runs table: set in the code font, names of the language coloured, a wrong word underlined, completion while typing.
#include "core/project/rows.h"
#include <QLineEdit>
#include <QTimer>
#include <vector>

class QCompleter;
class QStringListModel;

namespace lathe {

class QueryField : public QLineEdit {
    Q_OBJECT
public:
    explicit QueryField(QWidget* parent = nullptr);
    void set_names(std::vector<std::string> names) { m_names = std::move(names); }   ///< for completion
    void set_query(const QString& text);              ///< as if typed, without the delay
    const QString& error() const { return m_error; }
Q_SIGNALS:
    void query_changed(lathe::RunQuery query);        ///< 120 ms after the last key; a wrong query changes nothing
    void error_changed(QString error);                ///< empty: none
protected:
    void keyPressEvent(QKeyEvent* event) override;
    void changeEvent(QEvent* event) override;
private:
    void check();
    void colour(const QueryError& error);
    void offer();
    void complete(const QString& word);
    std::vector<std::string> m_names;
    QTimer m_delay;
    QCompleter* m_completer;
    QStringListModel* m_offers;
    QAction* m_clear_action;
    QAction* m_icon_action;
    QString m_error;
    bool m_colouring = false;
};

}
