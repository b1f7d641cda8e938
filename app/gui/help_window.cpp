#include "app/gui/help_window.h"
#include "app/gui/text.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/paths.h"
#include "widgets/small_widgets.h"
#include "widgets/theme.h"
#include <QDir>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QListWidget>
#include <QShortcut>
#include <QSplitter>
#include <QTextBlock>
#include <QTextBrowser>
#include <QTextCursor>
#include <QTextDocument>
#include <QTextList>
#include <QTextTable>
#include <QVBoxLayout>
#include <algorithm>

namespace lathe {

std::vector<HelpPage> load_help() {
    std::vector<HelpPage> pages;
    const QDir folder(path_text(resource("help")));
    const QStringList files = folder.entryList({QStringLiteral("*.md")}, QDir::Files, QDir::Name);
    for (const QString& name : files) {
        try {
            HelpPage page;
            page.text = qs(read_file(fs_path(folder.filePath(name)), 1u << 20));
            page.id = QFileInfo(name).completeBaseName();
            if (page.id.size() > 3 && page.id[2] == u'-') page.id = page.id.mid(3);   // "02-runs": the number only orders
            page.title = page.text.section(u'\n', 0, 0);
            while (page.title.startsWith(u'#')) page.title.remove(0, 1);
            page.title = page.title.trimmed();
            pages.push_back(std::move(page));
        } catch (const std::exception& error) {
            log(LogLevel::warning, "help", error.what());
        }
    }
    return pages;
}

namespace {

/// Markdown comes without space between paragraphs and with large headings.
void space_out(QTextDocument& document) {
    for (QTextBlock block = document.begin(); block.isValid(); block = block.next()) {
        QTextCursor cursor(block);
        QTextBlockFormat format = block.blockFormat();
        const int level = format.headingLevel();
        format.setLineHeight(135, QTextBlockFormat::ProportionalHeight);
        format.setTopMargin(level > 1 ? 16 : 0);
        format.setBottomMargin(level ? 6 : block.textList() ? 4 : cursor.currentTable() ? 2 : 10);
        cursor.setBlockFormat(format);
        if (!level) continue;
        cursor.select(QTextCursor::BlockUnderCursor);
        QTextCharFormat letters = cursor.charFormat();
        letters.clearProperty(QTextFormat::FontSizeAdjustment);   // it would win over a size
        letters.setProperty(QTextFormat::FontPixelSize, Theme::instance().font(level == 1 ? 22 : 15).pixelSize());
        cursor.setCharFormat(letters);
    }
}

}

HelpWindow::HelpWindow(QWidget* parent) : QWidget(parent, Qt::Window), m_pages(load_help()) {
    setWindowTitle(tr("Lathe help"));
    resize(960, 680);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto* row = new QHBoxLayout;
    row->setContentsMargins(8, 6, 8, 6);
    m_back = new IconButton(QStringLiteral("chevron-left"), tr("Back (Alt+Left)"), this);
    m_on = new IconButton(QStringLiteral("chevron-right"), tr("Forward (Alt+Right)"), this);
    m_search = new QLineEdit(this);
    m_search->setPlaceholderText(tr("Search the help"));
    m_search->setAccessibleName(tr("Search the help"));
    m_search->setMaximumWidth(300);
    row->addWidget(m_back);
    row->addWidget(m_on);
    row->addStretch(1);
    row->addWidget(m_search);
    auto* split = new QSplitter(Qt::Horizontal, this);
    split->setHandleWidth(1);
    m_contents = new QListWidget(split);
    m_contents->setFrameShape(QFrame::NoFrame);
    m_contents->setAccessibleName(tr("Contents"));
    m_text = new QTextBrowser(split);
    m_text->setFrameShape(QFrame::NoFrame);
    m_text->setOpenLinks(false);
    m_text->document()->setDocumentMargin(24);
    split->setSizes({240, 720});
    split->setStretchFactor(1, 1);
    column->addLayout(row);
    column->addWidget(new Separator(Qt::Horizontal, this));
    column->addWidget(split, 1);
    for (const HelpPage& page : m_pages) {
        auto* item = new QListWidgetItem(page.title, m_contents);
        item->setData(Qt::UserRole, page.id);
    }
    connect(m_contents, &QListWidget::currentItemChanged, this, [this](QListWidgetItem* item) { if (item) show_page(item->data(Qt::UserRole).toString()); });
    connect(m_text, &QTextBrowser::anchorClicked, this, [this](const QUrl& url) { show_page(QFileInfo(url.path()).completeBaseName()); });
    connect(m_search, &QLineEdit::textChanged, this, &HelpWindow::find);
    connect(m_search, &QLineEdit::returnPressed, this, [this] { if (!m_text->find(m_search->text())) { m_text->moveCursor(QTextCursor::Start); m_text->find(m_search->text()); } });
    connect(m_back, &QToolButton::clicked, this, [this] { step(-1); });
    connect(m_on, &QToolButton::clicked, this, [this] { step(1); });
    connect(new QShortcut(QKeySequence::Back, this), &QShortcut::activated, this, [this] { step(-1); });
    connect(new QShortcut(QKeySequence::Forward, this), &QShortcut::activated, this, [this] { step(1); });
    connect(new QShortcut(QKeySequence::Find, this), &QShortcut::activated, m_search, qOverload<>(&QWidget::setFocus));
    connect(new QShortcut(QKeySequence(Qt::Key_Escape), this), &QShortcut::activated, this, &QWidget::close);
    connect(&Theme::instance(), &Theme::changed, this, &HelpWindow::restyle);
    if (m_contents->count() > 0) m_contents->setCurrentRow(0);
    else m_text->setPlainText(tr("The help pages are not there. They belong in %1.").arg(path_text(resource("help"))));
}

void HelpWindow::show_page(const QString& id, const QString& heading) {
    if (std::any_of(m_pages.begin(), m_pages.end(), [&](const HelpPage& page) { return page.id == id; })) go({id, heading, {}});
}

void HelpWindow::show_text(const QString& markdown) { go({{}, {}, markdown}); }

void HelpWindow::go(const Place& place) {
    if (!m_places.empty()) {
        const Place& now = m_places[m_place];
        if (now.page == place.page && now.heading == place.heading && now.text == place.text) return;
        m_places.resize(m_place + 1);
    }
    m_places.push_back(place);
    m_place = m_places.size() - 1;
    show_place();
}

void HelpWindow::step(int by) {
    if (by < 0 ? m_place == 0 : m_place + 1 >= m_places.size()) return;
    m_place += std::size_t(by);
    show_place();
}

void HelpWindow::show_place() {
    const Place& place = m_places[m_place];
    const QSignalBlocker quiet(m_contents);
    m_contents->clearSelection();
    m_contents->setCurrentRow(-1);
    for (std::size_t i = 0; i < m_pages.size(); ++i)
        if (m_pages[i].id == place.page) m_contents->setCurrentRow(int(i));
    m_back->setEnabled(m_place > 0);
    m_on->setEnabled(m_place + 1 < m_places.size());
    restyle();
    for (QTextBlock block = m_text->document()->begin(); block.isValid() && !place.heading.isEmpty(); block = block.next())
        if (block.blockFormat().headingLevel() > 0 && block.text() == place.heading) {
            m_text->setTextCursor(QTextCursor(m_text->document()->lastBlock()));   // from below, so that the heading comes to the top
            m_text->setTextCursor(QTextCursor(block));
            break;
        }
}

void HelpWindow::restyle() {
    if (m_places.empty()) return;
    const ThemeColours& c = Theme::instance().colours();
    QString text = m_places[m_place].text;
    for (const HelpPage& page : m_pages)
        if (page.id == m_places[m_place].page) text = page.text;
    m_text->document()->setDefaultStyleSheet(QStringLiteral("a { color: %1; } code, pre { background: %2; }").arg(c.accent.name(), c.alt.name()));
    m_text->setMarkdown(text);
    space_out(*m_text->document());
    if (!m_search->text().isEmpty()) find(m_search->text());
}

int HelpWindow::match_count() const {
    int shown = 0;
    for (int i = 0; i < m_contents->count(); ++i) shown += !m_contents->item(i)->isHidden();
    return shown;
}

/// Pages without the text leave the contents; in the open page every match is marked.
void HelpWindow::find(const QString& text) {
    for (int i = 0; i < m_contents->count(); ++i)
        m_contents->item(i)->setHidden(!text.isEmpty() && !m_pages[std::size_t(i)].text.contains(text, Qt::CaseInsensitive));
    QList<QTextEdit::ExtraSelection> marks;
    if (text.size() >= 2) {
        QTextCursor cursor(m_text->document());
        while (!(cursor = m_text->document()->find(text, cursor)).isNull()) {
            QTextEdit::ExtraSelection mark;
            mark.cursor = cursor;
            mark.format.setBackground(Theme::instance().colours().sel);
            marks << mark;
        }
    }
    m_text->setExtraSelections(marks);
}

}
