#include "app/gui/compare_view.h"
#include "app/gui/project_host.h"
#include "app/gui/shell.h"
#include "app/gui/text.h"
#include "core/base/file.h"
#include "widgets/dock_title.h"
#include "widgets/segmented_control.h"
#include "widgets/simple_table.h"
#include "widgets/text_label.h"
#include "widgets/theme.h"
#include <QFileDialog>
#include <QHeaderView>
#include <QPainter>
#include <QScrollArea>
#include <QVBoxLayout>
#include <cmath>

namespace lathe {
namespace {
QIcon square(const QColor& colour) {
    QPixmap picture(20, 20);
    picture.setDevicePixelRatio(2);
    picture.fill(Qt::transparent);
    QPainter painter(&picture);
    painter.fillRect(QRectF(0, 0, 10, 10), colour);
    return QIcon(picture);
}

QString group_title(const std::string& group) {
    if (group == "Metrics") return CompareView::tr("Results");
    if (group == "Circumstances") return CompareView::tr("Circumstances");
    return qs(group);
}

QString circumstance_title(const std::string& name) {
    QString title = qs(name);
    if (!title.isEmpty()) title[0] = title[0].toUpper();
    return title;
}

/// Rows of the best value, by the direction that the metric declares; -1: none or all equal.
int best_of(const CompareRow& row) {
    if (row.better != "higher" && row.better != "lower") return -1;
    int best = -1;
    bool differs = false;
    for (std::size_t i = 0; i < row.numbers.size(); ++i) {
        if (!row.numbers[i] || std::isnan(*row.numbers[i])) continue;
        if (best < 0) {
            best = int(i);
            continue;
        }
        const double ours = *row.numbers[i], theirs = *row.numbers[std::size_t(best)];
        differs = differs || ours != theirs;
        if (row.better == "higher" ? ours > theirs : ours < theirs) best = int(i);
    }
    return differs ? best : -1;
}
}

CompareView::CompareView(const Shell& shell, RunColours& colours, QWidget* parent) : QWidget(parent), m_shell(shell), m_colours(colours) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    m_empty = new TextLabel(tr("Select runs and press Ctrl+D: what differs among them is shown here."), 13, false, TextRole::hint, this);
    m_empty->setAlignment(Qt::AlignCenter);
    m_empty->setWordWrap(true);
    m_empty->setContentsMargins(12, 24, 12, 24);
    m_note = new TextLabel({}, 11, false, TextRole::secondary, this);
    m_note->setWordWrap(true);
    m_note->setContentsMargins(12, 6, 12, 2);
    m_warning = new TextLabel({}, 11, false, TextRole::warn, this);
    m_warning->setWordWrap(true);
    m_warning->setContentsMargins(12, 2, 12, 8);
    m_switch = new SegmentedControl({tr("Differences"), tr("All")}, this);
    m_switch->set_current(0);
    m_switch->hide();
    column->addWidget(m_empty, 1);
    column->addWidget(m_note);
    column->addWidget(m_warning);
    column->addStretch(0);   // the note follows the table
    connect(m_switch, &SegmentedControl::chosen, this, [this](int index) {
        m_all = index == 1;
        show_comparison();
    });
    connect(&Theme::instance(), &Theme::changed, this, &CompareView::show_comparison);
    show_comparison();
}

void CompareView::attach(DockTitle* bar) {
    m_bar = bar;
    bar->add_widget(m_switch);
    m_switch->show();
}

void CompareView::set_runs(const QList<RunId>& runs) {
    m_runs = runs;
    const quint64 serial = ++m_serial;
    if (m_bar) m_bar->set_hint(runs.isEmpty() ? QString() : tr("%n run(s)", nullptr, int(runs.size())));
    if (runs.size() < 2) {
        m_answer = {};
        show_comparison();
        return;
    }
    m_shell.projects->read<Answer>(this, [ids = std::vector<RunId>(runs.begin(), runs.end())](const ProjectReader& reader) {
        Answer answer;
        std::vector<std::vector<MetricSummary>> metrics;
        std::vector<std::vector<std::string>> hashes;
        for (const RunId id : ids) {
            answer.runs.push_back(reader.run(id));
            metrics.push_back(reader.metrics(id));
            std::vector<std::string> of_run;
            for (const auto& [role, asset] : reader.assets_of(id)) of_run.push_back(role + ":" + asset.sha256);
            hashes.push_back(std::move(of_run));
        }
        answer.comparison = compare_runs(answer.runs, metrics, hashes);
        return answer;
    }, [this, serial](Answer answer) {
        if (serial != m_serial) return;
        m_answer = std::move(answer);
        show_comparison();
    });
}

void CompareView::show_comparison() {
    const auto& runs = m_answer.runs;
    m_empty->setVisible(runs.size() < 2);
    m_note->setVisible(runs.size() >= 2);
    m_warning->setVisible(runs.size() >= 2 && !m_answer.comparison.warnings.empty());
    auto* column = static_cast<QVBoxLayout*>(layout());
    delete m_table;
    m_table = nullptr;
    m_hidden = 0;
    if (runs.size() < 2) return;
    QStringList heads{tr("Parameter or result")};
    for (const RunRow& run : runs) heads << run_number(run.id);
    m_table = new SimpleTable(heads, this);
    m_table->setAccessibleName(tr("Comparison of runs"));
    m_table->set_fit_rows(false);
    m_table->horizontalHeader()->setSectionResizeMode(0, QHeaderView::Stretch);
    for (std::size_t i = 0; i < runs.size(); ++i)
        if (QTableWidgetItem* head = m_table->horizontalHeaderItem(int(i) + 1)) {
            head->setIcon(square(m_colours.colour(runs[i].id)));
            head->setToolTip(qs(runs[i].title));
        }
    QList<QStringList> rows;
    QList<int> group_rows, strong_row, strong_column;
    std::string group;
    for (const CompareRow& row : m_answer.comparison.rows) {
        if (!row.differs && !m_all) {
            ++m_hidden;
            continue;
        }
        if (row.group != group) {
            group = row.group;
            if (!rows.isEmpty() || group != "Parameters") {
                group_rows << int(rows.size());
                rows << QStringList{group_title(group).toUpper()};
            }
        }
        QStringList cells{row.group == "Parameters" ? parameter_column(row.name, m_shell.catalogue()).head() : row.group == "Metrics" ? metric_column(row.name, nullptr, m_shell.catalogue()).head() : circumstance_title(row.name)};
        std::vector<double> numbers;
        for (const auto& number : row.numbers) numbers.push_back(number.value_or(std::nan("")));
        const int decimals = decimals_for(numbers);
        for (std::size_t i = 0; i < row.texts.size(); ++i)
            cells << (i < row.numbers.size() && row.numbers[i] && row.group == "Metrics" ? figure(*row.numbers[i], decimals) : row.texts[i].empty() ? QStringLiteral("–") : qs(row.texts[i]));
        if (const int best = best_of(row); best >= 0) {
            strong_row << int(rows.size());
            strong_column << best + 1;
        }
        rows << cells;
    }
    m_hidden = std::max(m_hidden, m_all ? 0 : int(m_answer.comparison.equal));
    m_table->set_rows(rows);
    for (const int row : std::as_const(group_rows)) {
        m_table->setSpan(row, 0, 1, int(heads.size()));
        m_table->set_tone(row, 0, CellTone::secondary);
        if (QTableWidgetItem* item = m_table->item(row, 0)) {
            item->setFont(Theme::instance().font(11, true));
            item->setBackground(Theme::instance().colours().alt);
        }
    }
    for (int i = 0; i < strong_row.size(); ++i) m_table->set_tone(strong_row[i], strong_column[i], CellTone::strong);
    m_table->setMaximumHeight(m_table->horizontalHeader()->height() + m_table->verticalHeader()->length() + 2);
    column->insertWidget(0, m_table, 1);
    m_switch->set_labels({tr("Differences"), tr("All %1").arg(m_answer.comparison.rows.size())});
    m_switch->set_current(m_all ? 1 : 0);
    m_note->setText(m_all ? tr("Compared by value: 1e-3 equals 0.001.") : tr("%n equal value(s) hidden. Compared by value: 1e-3 equals 0.001.", nullptr, m_hidden));
    QStringList warnings;
    for (const std::string& warning : m_answer.comparison.warnings) warnings << qs(warning);
    m_warning->setText(warnings.join(u'\n'));
}

void CompareView::export_dialog() {
    if (!m_table) return;
    const QString file = QFileDialog::getSaveFileName(this, tr("Export the comparison"), QStringLiteral("comparison.csv"), tr("Table (*.csv)"));
    if (file.isEmpty()) return;
    try {
        QString csv = m_table->as_csv() + QStringLiteral("lathe-run");   // dropped onto the window, the file finds its runs again
        for (const RunRow& run : m_answer.runs) csv += u',' + qs(run.uuid);
        write_file(fs_path(file), ss(csv + QStringLiteral("\r\n")));
        m_shell.say(QStringLiteral("info"), tr("Exported."), file);
    } catch (const Error& error) {
        m_shell.say(QStringLiteral("err"), qs(error.summary()), qs(error.where()), qs(error.hint()));
    }
}

}
