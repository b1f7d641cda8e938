#pragma once
// The single keys of viewers: F fits an image, S splits it. They act only where the viewer has the focus, can be given other keys, and where the setting
// "Single-letter keys in viewers" is off those that write something do not reach viewers and maps at all. Viewers know their own default keys only: a
// filter of the application turns the user's key into the default one.
#include <QObject>
#include <QKeySequence>
#include <vector>

class QKeyEvent;

namespace lathe {

class ViewerKeys : public QObject {
    Q_OBJECT
public:
    struct Entry {
        QString id, group, label;              ///< "viewer.images.fit", "Images", "Fit"
        int default_key = 0, key = 0;          ///< Qt::Key; 0: none
    };
    explicit ViewerKeys(QObject* parent);      ///< listens to the application
    const std::vector<Entry>& entries() const { return m_entries; }
    const Entry* find(const QString& id) const;
    /// One key without Ctrl, Alt or Meta; empty: none. Stored. False: refused.
    bool set_key(const QString& id, const QKeySequence& keys);
    static bool is_fit(const QKeySequence& keys);
    QStringList conflicts(const QString& id, const QKeySequence& keys) const;   ///< others of the same viewer
protected:
    bool eventFilter(QObject* object, QEvent* event) override;
private:
    const Entry* entry_of(const QString& group, int Entry::*which, int key) const;
    std::vector<Entry> m_entries;
    bool m_sending = false;
};

}
