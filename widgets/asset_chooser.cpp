#include "widgets/asset_chooser.h"
#include <QFileDialog>
#include <QFileInfo>
#include <QSignalBlocker>

namespace lathe {
namespace {
constexpr int kMostRecent = 8;
const QString kOpen = QStringLiteral("*");

bool is_same_file(const QString& a, const QString& b) {
    const QString there = QFileInfo(a).canonicalFilePath();   // empty: there is none
    return a == b || (!there.isEmpty() && there == QFileInfo(b).canonicalFilePath());
}
}

AssetChooser::AssetChooser(Kind kind, const QString& name, const QString& none_text, const QString& open_text, const QString& filter, QWidget* parent)
    : QComboBox(parent), m_kind(kind), m_none(none_text), m_open(open_text), m_filter(filter) {
    setAccessibleName(name);
    setMinimumWidth(160);
    setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    setMinimumContentsLength(18);
    fill();
    connect(this, &QComboBox::activated, this, &AssetChooser::picked);
}

bool AssetChooser::is_built_in(const QString& path) const {
    for (const auto& [label, file] : m_built_in)
        if (file == path) return true;
    return false;
}

void AssetChooser::set_built_in(const QList<std::pair<QString, QString>>& entries) {
    m_built_in = entries;
    if (m_path.isEmpty() && !entries.isEmpty()) m_path = entries.first().second;
    fill();
}

void AssetChooser::fill() {
    const QSignalBlocker quiet(this);
    clear();
    for (const auto& [label, path] : std::as_const(m_built_in)) addItem(label, path);
    QStringList others = m_recent;
    if (!m_path.isEmpty() && !others.contains(m_path)) others.prepend(m_path);
    for (const QString& path : std::as_const(others)) {
        if (is_built_in(path)) continue;
        addItem(QFileInfo(path).fileName(), path);
        setItemData(count() - 1, path, Qt::ToolTipRole);
    }
    if (m_path.isEmpty()) insertItem(0, m_none, QString());
    setCurrentIndex(m_path.isEmpty() ? 0 : findData(m_path));
    insertSeparator(count());
    addItem(m_open, kOpen);
}

void AssetChooser::picked(int index) {
    const QString path = itemData(index).toString();
    if (path != kOpen) return choose(path);
    fill();   // the entry is no asset: back to the one in use
    const QString title = accessibleName();
    const QString found = m_kind == Kind::folder ? QFileDialog::getExistingDirectory(window(), title, m_path) : QFileDialog::getOpenFileName(window(), title, QFileInfo(m_path).path(), m_filter);
    if (!found.isEmpty()) choose(found);
}

void AssetChooser::choose(const QString& asked) {
    if (is_same_file(asked, m_path)) return;
    QString path = asked;
    for (const auto& [label, file] : std::as_const(m_built_in))
        if (is_same_file(asked, file)) path = file;
    m_path = path;
    if (!path.isEmpty() && !is_built_in(path)) {
        m_recent.removeAll(path);
        m_recent.prepend(path);
        if (m_recent.size() > kMostRecent) m_recent.resize(kMostRecent);
    }
    fill();
    Q_EMIT chosen(path);
}

void AssetChooser::set_recent(const QStringList& paths) {
    m_recent = paths;
    fill();
}

}
