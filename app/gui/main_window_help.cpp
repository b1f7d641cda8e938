// Help on what has the focus: a parameter explains itself from its declaration, a dock and a workspace have a page.
#include "app/gui/help_window.h"
#include "app/gui/main_window.h"
#include "app/gui/text.h"
#include "widgets/parameter_form.h"
#include "widgets/parameter_row.h"
#include "widgets/parameter_values.h"
#include "widgets/tap_sections.h"
#include <QApplication>

namespace lathe {
namespace {

/// What the page of a parameter says, as Markdown.
QString parameter_page(const Parameter& p, const QString& page) {
    QString text = QStringLiteral("# %1\n\n%2\n\n| | |\n|---|---|\n").arg(qs(p.label.empty() ? p.id : p.label).toHtmlEscaped(), qs(p.help).toHtmlEscaped());
    const auto line = [&](const QString& what, const QString& value) { if (!value.isEmpty()) text += QStringLiteral("| %1 | %2 |\n").arg(what, QString(value).replace(u'|', QStringLiteral("\\|"))); };
    line(MainWindow::tr("Name"), u'`' + qs(p.id) + u'`');
    line(MainWindow::tr("Unit"), qs(p.unit));
    const QString low = p.min.is_null() ? QString() : qs(value_text(p.min)), high = p.max.is_null() ? QString() : qs(value_text(p.max));
    if (!low.isEmpty() || !high.isEmpty()) line(MainWindow::tr("Range"), MainWindow::tr("%1 to %2").arg(low.isEmpty() ? QStringLiteral("−∞") : low, high.isEmpty() ? QStringLiteral("∞") : high));
    for (const Choice& choice : p.choices) line(u'`' + qs(choice.value) + u'`', choice.help.empty() ? qs(choice.label) : QStringLiteral("%1: %2").arg(qs(choice.label), qs(choice.help)));
    if (p.type != ParameterType::grid) line(MainWindow::tr("Default"), u'`' + qs(value_text(p.default_value)) + u'`');
    line(MainWindow::tr("Live"), p.live ? MainWindow::tr("yes: the result follows while it is dragged") : MainWindow::tr("no: it waits for Run"));
    line(MainWindow::tr("Source"), qs(p.source));
    const auto [option, value] = command_option(p.id, p.default_value);
    if (p.type != ParameterType::grid) line(MainWindow::tr("Command line"), QStringLiteral("`%1 %2`").arg(qs(option), option == "--tap" ? u'\'' + qs(value) + u'\'' : qs(value)));
    return text + QStringLiteral("\n[%1](%2.md)\n").arg(MainWindow::tr("More about this workspace"), page);
}

QString page_of_workspace(const QString& id) {
    if (id == u"start") return QStringLiteral("getting-started");
    if (id == u"runs") return QStringLiteral("runs-and-queries");
    return QString(id).replace(u'_', u'-');
}

/// Where in its page a part of the shell is explained; the part is found by the name of the object around the focus.
struct Topic { const char *object, *page, *heading; };
const Topic kTopics[] = {
    {"runs.compare", "runs-and-queries", "Baseline and compare"}, {"runs.curves", "runs-and-queries", "Baseline and compare"}, {"runs.images", "runs-and-queries", "Baseline and compare"},
    {"runs.query", "runs-and-queries", "The query language"},     {"runs.library", "runs-and-queries", "The query language"},  {"shell.log", "troubleshooting", ""},
    {"engine.log", "troubleshooting", ""},
};

}

HelpWindow& MainWindow::help_window() {
    if (!m_help) {
        m_help = new HelpWindow;
        m_help->setAttribute(Qt::WA_DeleteOnClose);
    }
    m_help->show();
    m_help->raise();
    m_help->activateWindow();
    return *m_help;
}

void MainWindow::show_help(const QString& page) {
    if (!page.isEmpty()) {
        help_window().show_page(page);
        return;
    }
    ParameterRow* row = nullptr;
    for (QWidget* widget = QApplication::focusWidget(); widget; widget = widget->parentWidget()) {
        if (auto* found = qobject_cast<ParameterRow*>(widget)) row = found;
        if (auto* form = qobject_cast<ParameterForm*>(widget); form && row) {
            show_parameter_help(*form, row->id());
            return;
        }
        for (const Topic& topic : kTopics)
            if (widget->objectName() == QLatin1String(topic.object)) {
                help_window().show_page(QLatin1String(topic.page), QLatin1String(topic.heading));
                return;
            }
    }
    help_window().show_page(page_of_workspace(m_current));
}

void MainWindow::show_parameter_help(const ParameterForm& form, const QString& id) {
    for (const Parameter& parameter : form.parameters())
        if (qs(parameter.id) == id) {
            help_window().show_text(parameter_page(parameter, page_of_workspace(m_current)));
            return;
        }
}

}
