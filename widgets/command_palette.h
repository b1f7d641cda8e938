#pragma once
// The palette (Ctrl+K): one field over everything that has a name. Prefixes narrow it: > actions, # runs, : parameters, @ settings. Entries that cannot be
// used now stay, grey, with the reason. Enter does it, Tab sets a value.
#include <QAbstractListModel>
#include <QFrame>
#include <QKeySequence>
#include <QPointer>
#include <functional>
#include <vector>

class QLineEdit;
class QListView;
class QLabel;

namespace lathe {

struct PaletteEntry {
    QString id, title, icon;
    QChar kind = u'>';                    ///< > action, # run, : parameter, @ setting
    QString category;                     ///< right column: "View", "Parameter", "Run"
    QString detail;                       ///< before the category: a value ("+0.60 °")
    QKeySequence shortcut;
    bool enabled = true;
    QString reason;                       ///< why not
    std::function<void()> run;
    std::function<void()> set_value;      ///< Tab; null: the entry has none
};

/// How well `query` matches `text`: the letters in order, better at starts of words and in one piece. Negative: no match. positions: the matched letters.
int fuzzy_score(QStringView query, QStringView text, std::vector<int>* positions = nullptr);

class PaletteModel : public QAbstractListModel {
    Q_OBJECT
public:
    enum Role { Positions = Qt::UserRole + 1 };
    using QAbstractListModel::QAbstractListModel;
    void set_entries(std::vector<PaletteEntry> entries);
    void set_query(const QString& query);
    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;
    int total() const { return int(m_entries.size()); }
    const PaletteEntry& entry(int row) const { return m_entries[std::size_t(m_shown[std::size_t(row)].entry)]; }
private:
    struct Shown { int entry, score; std::vector<int> positions; };
    std::vector<PaletteEntry> m_entries;
    std::vector<Shown> m_shown;
    QString m_query;
};

class CommandPalette : public QFrame {
    Q_OBJECT
public:
    explicit CommandPalette(QWidget* window);               ///< lies inside the window, over its content
    void set_source(std::function<std::vector<PaletteEntry>()> source) { m_source = std::move(source); }   ///< asked at each opening
    void open(const QString& query = {});
    void close_palette();
    PaletteModel& model() { return *m_model; }
    QLineEdit* field() { return m_field; }
protected:
    bool eventFilter(QObject* object, QEvent* event) override;
    void paintEvent(QPaintEvent* event) override;
private:
    void place();
    void restyle();
    void refilter();
    void activate(bool set_value);
    std::function<std::vector<PaletteEntry>()> m_source;
    PaletteModel* m_model;
    QLineEdit* m_field;
    QListView* m_list;
    QLabel* m_count;
    QPointer<QWidget> m_return_focus;
};

}
