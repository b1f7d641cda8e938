#include "plugins/vit_merge/panel/model_list.h"
#include "plugins/vit_merge/panel/model_colours.h"
#include "viewers/view_style.h"
#include "widgets/number_field.h"
#include "widgets/slider.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include "widgets/theme.h"
#include <QApplication>
#include <QCheckBox>
#include <QDrag>
#include <QDragEnterEvent>
#include <QHBoxLayout>
#include <QMenu>
#include <QMimeData>
#include <QMouseEvent>
#include <QPainter>
#include <QPushButton>
#include <QVBoxLayout>
#include <algorithm>

namespace lathe::vit_merge {
namespace {

constexpr double kMostWeight = 2, kWeightStep = 0.05;
constexpr int kMostModels = 30;
const QString kRowMime = QStringLiteral("application/x-lathe-merge-model");

}

// --- a row

ModelRow::ModelRow(const ModelEntry& entry, int colour, QWidget* parent)
    : QWidget(parent), m_entry(entry), m_use(new QCheckBox(this)), m_name(new ElidedLabel(entry.name, 13, false, TextRole::normal, this)), m_slider(new Slider(this)), m_field(new NumberField(this)) {
    setFixedHeight(metric::row);
    setFocusPolicy(Qt::TabFocus);
    setAccessibleName(ModelList::tr("Model %1").arg(entry.name));
    auto* line = new QHBoxLayout(this);
    line->setContentsMargins(2, 0, 0, 0);
    line->setSpacing(6);
    m_use->setAccessibleName(ModelList::tr("Use %1").arg(entry.name));
    m_use->setToolTip(ModelList::tr("Takes part in the merge"));
    line->addWidget(m_use);
    line->addWidget(new ModelSwatch(colour, this));
    line->addWidget(m_name, 1);
    m_slider->set_range(0, kMostWeight);
    m_slider->set_step(kWeightStep);
    m_slider->setFixedWidth(64);
    m_slider->setAccessibleName(ModelList::tr("Weight of %1").arg(entry.name));
    m_slider->setToolTip(ModelList::tr("Weight of this model, for methods that take weights"));
    line->addWidget(m_slider);
    m_field->set_limits(0, 100);
    m_field->set_decimals(2);
    m_field->set_step(kWeightStep);
    m_field->setFixedWidth(46);
    m_field->setAccessibleName(ModelList::tr("Weight of %1").arg(entry.name));
    line->addWidget(m_field);
    auto* remove = new IconButton(QStringLiteral("close"), ModelList::tr("Take %1 out of the list").arg(entry.name), this);
    m_remove = remove;
    line->addWidget(remove);
    connect(m_use, &QCheckBox::clicked, this, &ModelRow::use_changed);
    connect(m_slider, &Slider::moved, this, [this](double value, bool dragging) {
        m_field->set_value(value);
        Q_EMIT weight_changed(value, dragging);
    });
    connect(m_slider, &Slider::reset_requested, this, [this] { Q_EMIT weight_changed(1, false); });
    connect(m_field, &NumberField::value_edited, this, [this](double value) { Q_EMIT weight_changed(value, false); });
    connect(remove, &QToolButton::clicked, this, &ModelRow::remove_requested);
}

void ModelRow::show_entry(const ModelEntry& entry, const QString& tip, bool selected, bool is_first, bool is_last) {
    m_entry = entry;
    m_use->setChecked(entry.use);
    m_name->set_role(entry.use ? TextRole::normal : TextRole::hint);
    if (!m_slider->is_dragging()) m_slider->set_value(std::min(entry.weight, kMostWeight));
    m_field->set_value(entry.weight);
    m_slider->setEnabled(entry.use);
    m_field->setEnabled(entry.use);
    m_remove->setEnabled(!entry.path.isEmpty());           // those of the set are switched off
    m_remove->setVisible(!entry.path.isEmpty());
    setToolTip(tip);
    m_selected = selected;
    m_first = is_first;
    m_last = is_last;
    update();
}

void ModelRow::mousePressEvent(QMouseEvent* event) {
    if (event->button() == Qt::LeftButton) m_press = event->position().toPoint();
}

void ModelRow::mouseReleaseEvent(QMouseEvent* event) {
    if (event->button() == Qt::LeftButton && rect().contains(event->position().toPoint())) Q_EMIT chosen();
}

void ModelRow::mouseMoveEvent(QMouseEvent* event) {
    if (!(event->buttons() & Qt::LeftButton) || (event->position().toPoint() - m_press).manhattanLength() < QApplication::startDragDistance()) return;
    auto* drag = new QDrag(this);
    auto* data = new QMimeData;
    data->setData(kRowMime, m_entry.name.toUtf8());
    drag->setMimeData(data);
    drag->setPixmap(grab());
    drag->exec(Qt::MoveAction);
}

void ModelRow::contextMenuEvent(QContextMenuEvent* event) {
    QMenu menu(this);
    menu.addAction(ModelList::tr("Inspect this model"), this, &ModelRow::chosen);
    menu.addAction(ModelList::tr("Move up\tAlt+Up"), this, [this] { Q_EMIT move_requested(-1); })->setEnabled(!m_first);
    menu.addAction(ModelList::tr("Move down\tAlt+Down"), this, [this] { Q_EMIT move_requested(1); })->setEnabled(!m_last);
    menu.addAction(ModelList::tr("Take out of the list"), this, &ModelRow::remove_requested)->setEnabled(!m_entry.path.isEmpty());
    menu.exec(event->globalPos());
}

void ModelRow::keyPressEvent(QKeyEvent* event) {
    const bool alt = event->modifiers() & Qt::AltModifier;
    if (alt && event->key() == Qt::Key_Up && !m_first) Q_EMIT move_requested(-1);
    else if (alt && event->key() == Qt::Key_Down && !m_last) Q_EMIT move_requested(1);
    else if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) Q_EMIT chosen();
    else if (event->key() == Qt::Key_Space) m_use->click();
    else if (event->key() == Qt::Key_Delete && !m_entry.path.isEmpty()) Q_EMIT remove_requested();
    else QWidget::keyPressEvent(event);
}

void ModelRow::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    if (m_selected) painter.fillRect(rect().adjusted(0, 1, 0, -1), theme_colours().sel);
    draw_view_focus(painter, this);
}

// --- the list

ModelList::ModelList(QWidget* parent) : QWidget(parent), m_column(new QVBoxLayout(this)), m_note(new TextLabel({}, 12, false, TextRole::secondary, this)), m_add(make_button(tr("Add models…"), QStringLiteral("plus"), false, this)) {
    setAcceptDrops(true);
    m_column->setContentsMargins(0, 0, 0, 0);
    m_column->setSpacing(0);
    m_note->setWordWrap(true);
    m_add->setProperty("lathe_tool", true);
    m_add->setToolTip(tr("Checkpoints of Vision Transformers of the same size; they can be dropped here, too"));
    auto* line = new QHBoxLayout;
    line->setContentsMargins(0, 4, 0, 4);
    line->setSpacing(8);
    line->addWidget(m_add);
    line->addWidget(m_note, 1);
    m_column->addLayout(line);
    connect(m_add, &QPushButton::clicked, this, &ModelList::add_requested);
}

int ModelList::index_of(const QString& name) const {
    for (int i = 0; i < m_models.size(); ++i)
        if (m_models[i].name == name) return i;
    return -1;
}

void ModelList::show_models(const QList<ModelEntry>& models, const Description& set, const QHash<QString, int>& colours) {
    const bool same = std::ranges::equal(models, m_rows, [](const ModelEntry& entry, const ModelRow* row) { return entry.name == row->entry().name; }) && colours == m_colours;
    m_models = models;
    if (!same) rebuild(colours);
    int used = 0;
    for (int i = 0; i < m_models.size(); ++i) {
        const ModelEntry& entry = m_models[i];
        QStringList tip{entry.name};
        for (const ModelFacts& facts : set.models)
            if (facts.name == entry.name) {
                for (const QString& text : {facts.architecture, facts.layout, facts.normalisation, facts.data, facts.path})
                    if (!text.isEmpty()) tip << text;
                if (facts.classes > 0) tip << tr("%1 classes, %2").arg(facts.classes).arg(megabytes(facts.bytes));
            }
        if (!entry.path.isEmpty() && !tip.contains(entry.path)) tip << entry.path;
        m_rows[i]->show_entry(entry, tip.join(u'\n'), entry.name == m_selected, i == 0, i + 1 == m_models.size());
        used += entry.use;
    }
    m_note->setText(m_models.isEmpty() ? QString() : used == m_models.size() ? tr("%1 models").arg(used) : tr("%1 of %2 models").arg(used).arg(m_models.size()));
    m_add->setEnabled(m_models.size() < kMostModels);
}

/// The row that is dragged keeps its place in the list while only values change.
void ModelList::rebuild(const QHash<QString, int>& colours) {
    const QString focused = [this] {
        for (const ModelRow* row : std::as_const(m_rows))
            if (row->hasFocus()) return row->entry().name;
        return QString();
    }();
    m_colours = colours;
    for (ModelRow* row : std::as_const(m_rows)) {
        m_column->removeWidget(row);
        row->hide();
        row->deleteLater();                                // a signal of it may have led here
    }
    m_rows.clear();
    for (int i = 0; i < m_models.size(); ++i) {
        auto* row = new ModelRow(m_models[i], m_colours.value(m_models[i].name, i), this);
        m_column->insertWidget(i, row);
        m_rows << row;
        const QString name = m_models[i].name;
        connect(row, &ModelRow::chosen, this, [this, name] {
            set_selected(name);
            Q_EMIT selected_changed(name);
        });
        connect(row, &ModelRow::use_changed, this, [this, name](bool use) { change(index_of(name), [use](ModelEntry& entry) { entry.use = use; }, false, use ? tr("Use %1").arg(name) : tr("Leave out %1").arg(name)); });
        connect(row, &ModelRow::weight_changed, this, [this, name](double weight, bool dragging) { change(index_of(name), [weight](ModelEntry& entry) { entry.weight = weight; }, dragging, tr("Weight of %1").arg(name)); });
        connect(row, &ModelRow::move_requested, this, [this, name](int by) { move(name, index_of(name) + (by > 0 ? by + 1 : by)); });
        connect(row, &ModelRow::remove_requested, this, [this, name] {
            QList<ModelEntry> next = m_models;
            next.removeIf([&](const ModelEntry& entry) { return entry.name == name; });
            Q_EMIT edited(next, false, tr("Take out %1").arg(name));
        });
        if (name == focused) row->setFocus(Qt::OtherFocusReason);
    }
}

void ModelList::set_selected(const QString& name) {
    m_selected = name;
    for (int i = 0; i < m_rows.size(); ++i) m_rows[i]->show_entry(m_models[i], m_rows[i]->toolTip(), m_models[i].name == name, i == 0, i + 1 == m_models.size());
}

void ModelList::change(int index, const std::function<void(ModelEntry&)>& change, bool dragging, const QString& text) {
    if (index < 0) return;
    QList<ModelEntry> next = m_models;
    change(next[index]);
    Q_EMIT edited(next, dragging, text);
}

/// `to`: before the row that stands there now.
void ModelList::move(const QString& name, int to) {
    const int from = index_of(name);
    if (from < 0 || to < 0 || to > m_models.size() || to == from || to == from + 1) return;
    QList<ModelEntry> next = m_models;
    next.move(from, to > from ? to - 1 : to);
    Q_EMIT edited(next, false, tr("Move %1").arg(name));
}

void ModelList::add_files(const QStringList& files) {
    QList<ModelEntry> next = m_models;
    QStringList added;
    for (const QString& file : files) {
        const bool is_there = std::ranges::any_of(next, [&](const ModelEntry& entry) { return entry.path == file; });
        if (!is_model_file(file) || is_there || next.size() >= kMostModels) continue;
        next << ModelEntry{free_name(file, next), file, {}, 1, true};
        added << next.last().name;
    }
    if (!added.isEmpty()) Q_EMIT edited(next, false, tr("Add %1").arg(added.join(QStringLiteral(", "))));
}

// --- dropping

int ModelList::drop_place(const QPoint& position) const {
    for (int i = 0; i < m_rows.size(); ++i)
        if (position.y() < m_rows[i]->geometry().center().y()) return i;
    return int(m_rows.size());
}

void ModelList::dragEnterEvent(QDragEnterEvent* event) {
    const QMimeData* data = event->mimeData();
    const bool has_model = std::ranges::any_of(data->urls(), [](const QUrl& url) { return url.isLocalFile() && is_model_file(url.toLocalFile()); });
    if (!data->hasFormat(kRowMime) && !has_model) return event->ignore();
    m_drop = drop_place(event->position().toPoint());
    update();
    event->acceptProposedAction();
}

void ModelList::dragMoveEvent(QDragMoveEvent* event) {
    m_drop = drop_place(event->position().toPoint());
    update();
    event->acceptProposedAction();
}

void ModelList::dragLeaveEvent(QDragLeaveEvent*) {
    m_drop = -1;
    update();
}

void ModelList::dropEvent(QDropEvent* event) {
    const int place = drop_place(event->position().toPoint());
    m_drop = -1;
    update();
    event->acceptProposedAction();
    if (event->mimeData()->hasFormat(kRowMime)) return move(QString::fromUtf8(event->mimeData()->data(kRowMime)), place);
    QStringList files;
    for (const QUrl& url : event->mimeData()->urls())
        if (url.isLocalFile()) files << url.toLocalFile();
    add_files(files);
}

void ModelList::paintEvent(QPaintEvent*) {
    if (m_drop < 0) return;
    QPainter painter(this);
    const int y = m_rows.isEmpty() ? 1 : m_drop < m_rows.size() ? m_rows[m_drop]->geometry().top() : m_rows.last()->geometry().bottom();
    painter.fillRect(0, std::max(0, y - 1), width(), 2, theme_colours().accent);
}

}
