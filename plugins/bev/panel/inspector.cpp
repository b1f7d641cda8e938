#include "plugins/bev/panel/inspector.h"
#include "plugins/bev/panel/projection.h"
#include "viewers/view_style.h"
#include "widgets/segmented_control.h"
#include "widgets/simple_table.h"
#include "widgets/text_label.h"
#include <QHBoxLayout>
#include <QPainter>
#include <QStackedWidget>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>
#include <numbers>

namespace lathe::bev {
namespace {

QString metres(double value, int decimals = 2) { return QString::number(value, 'f', decimals).replace(u'-', QChar(0x2212)); }
QString degrees(double radians) { return QString::number(std::remainder(radians * 180 / std::numbers::pi, 360), 'f', 1).replace(u'-', QChar(0x2212)) + QChar(0xB0); }

QString verdict_text(const Sight& sight) {
    using V = Sight::Verdict;
    switch (sight.verdict) {
    case V::behind: return Inspector::tr("behind the camera");
    case V::left: return Inspector::tr("left of the image");
    case V::right: return Inspector::tr("right of the image");
    case V::above: return Inspector::tr("above the image");
    case V::below: return Inspector::tr("below the image");
    case V::seen: break;
    }
    return Inspector::tr("seen");
}

}

FeatureBars::FeatureBars(QWidget* parent) : QWidget(parent) {
    setMinimumHeight(48);
    setAccessibleName(tr("Feature vector"));
}

void FeatureBars::set_values(const std::vector<float>& values) {
    m_values = values;
    update();
}

void FeatureBars::paintEvent(QPaintEvent*) {
    if (m_values.empty()) return;
    const ViewStyle style = ViewStyle::current();
    QPainter painter(this);
    const auto [low, high] = std::minmax_element(m_values.begin(), m_values.end());
    const double top = std::max(1e-9, double(std::max(*high, 0.f))), bottom = std::min(0.0, double(*low)), scale = (height() - 2) / (top - bottom), zero = 1 + top * scale;
    const double step = double(width()) / double(m_values.size());
    for (std::size_t i = 0; i < m_values.size(); ++i) {
        const double h = m_values[i] * scale;
        painter.fillRect(QRectF(double(i) * step, h > 0 ? zero - h : zero, std::max(1.0, step - (step > 3 ? 1 : 0)), std::abs(h)), style.series[0]);
    }
    painter.setPen(style.axis);
    painter.drawLine(QPointF(0, zero), QPointF(width(), zero));
}

Inspector::Inspector(QWidget* parent)
    : QWidget(parent), m_tabs(new SegmentedControl({tr("Voxel"), tr("Detection")}, this)), m_pages(new QStackedWidget(this)), m_title(new TextLabel({}, 12, true, TextRole::normal, this)),
      m_place(new TextLabel({}, 12, false, TextRole::secondary, this)), m_feature_note(new TextLabel({}, 12, false, TextRole::secondary, this)), m_box_title(new TextLabel({}, 12, true, TextRole::normal, this)),
      m_cameras(new SimpleTable({tr("Camera"), tr("u cells"), tr("v cells"), tr("depth m"), tr("Result")}, this)), m_box(new SimpleTable({tr("What"), tr("Value"), tr("True"), tr("Error")}, this)), m_bars(new FeatureBars(this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(12, 6, 12, 8);
    column->setSpacing(6);
    auto* head = new QHBoxLayout;
    m_tabs->set_tool_size(true);
    m_tabs->set_current(0);
    head->addWidget(m_tabs);
    head->addWidget(m_title);
    head->addWidget(m_box_title);
    head->addStretch(1);
    column->addLayout(head);
    column->addWidget(m_pages, 1);
    auto* voxel = new QWidget;
    auto* rows = new QVBoxLayout(voxel);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(5);
    m_place->setWordWrap(true);
    rows->addWidget(m_place);
    m_cameras->set_text_columns({0, 4});
    m_cameras->setAccessibleName(tr("The voxel in every camera"));
    rows->addWidget(m_cameras);
    rows->addWidget(m_bars);
    rows->addWidget(m_feature_note);
    rows->addStretch(1);
    m_pages->addWidget(voxel);
    m_box->setAccessibleName(tr("The detection"));
    m_box->set_fit_rows(false);
    m_pages->addWidget(m_box);
    connect(m_tabs, &SegmentedControl::chosen, m_pages, &QStackedWidget::setCurrentIndex);
    connect(m_tabs, &SegmentedControl::chosen, this, [this](int page) {
        m_title->setVisible(page == 0);
        m_box_title->setVisible(page == 1);
    });
    m_box_title->hide();
    show_selection(nullptr, {});
}

void Inspector::set_stale(bool stale) {
    m_cameras->set_stale(stale);
    m_box->set_stale(stale);
}

QString Inspector::as_csv() const { return m_pages->currentIndex() == 0 ? m_cameras->as_csv() : m_box->as_csv(); }

void Inspector::show_selection(const Frame* frame, const Selection& selection) {
    const bool is_object = selection.kind == Selection::Kind::box || selection.kind == Selection::Kind::truth;
    if (selection.kind != Selection::Kind::none) {
        m_tabs->set_current(is_object ? 1 : 0);
        m_pages->setCurrentIndex(is_object ? 1 : 0);
        m_title->setVisible(!is_object);
        m_box_title->setVisible(is_object);
    }
    if (frame && is_object) return show_detection(*frame, selection);
    if (frame && selection.kind == Selection::Kind::voxel && !frame->view.is_empty()) return show_voxel(*frame, selection);
    m_title->setText({});
    m_box_title->setText({});
    m_place->setText(tr("Click a voxel, a place on the map, or a pixel of a picture: here stands which camera sees it where, and why others do not."));
    m_cameras->set_rows({});
    m_cameras->hide();
    m_bars->hide();
    m_feature_note->setText({});
    m_box->set_rows({{tr("Click a box in a picture, on the map or in the scene."), {}, {}, {}}});
}

void Inspector::show_voxel(const Frame& frame, const Selection& selection) {
    const VoxelView& view = frame.view;
    const auto [x, y, z] = selection.voxel;
    if (x < 0 || y < 0 || z < 0 || x >= view.n[0] || y >= view.n[1] || z >= view.n[2]) return;
    const std::size_t at = view.at(x, y, z);
    const Point3 point = view.sample_point(selection.voxel);
    m_title->setText(QStringLiteral("[%1, %2, %3]").arg(x).arg(y).arg(z));
    QString place = tr("Sampled at x %1, y %2, z %3 m (lidar).").arg(metres(point[0]), metres(point[1]), metres(point[2]));
    if (!view.lut.empty()) place += view.lut[at] < 0 ? tr("  No camera sees it.") : tr("  Table entry %1.").arg(view.lut[at]);
    if (selection.ray.size() > 1) place += tr("  One of %1 voxels that copy this pixel.").arg(selection.ray.size());
    m_place->setText(place);
    QList<QStringList> rows;
    QList<std::pair<int, CellTone>> tones;
    for (int c = 0; c < view.cameras.size(); ++c) {
        const CameraPicture* camera = frame.camera(view.cameras[c]);
        if (!camera) continue;
        const Sight sight = sight_of(point, *camera, view);
        const bool used = view.camera[at] == c;
        if (used) tones << std::pair(int(rows.size()), CellTone::ok);
        const bool behind = sight.verdict == Sight::Verdict::behind;
        rows << QStringList{short_name(camera->channel), behind ? QStringLiteral("–") : metres(sight.u, 1), behind ? QStringLiteral("–") : metres(sight.v, 1), metres(sight.depth, 1),
            used ? (view.seen.size() > at && view.seen[at] > 1 ? tr("used (wins)") : tr("used")) : sight.verdict == Sight::Verdict::seen ? tr("seen, overwritten") : verdict_text(sight)};
    }
    m_cameras->show();
    m_cameras->set_rows(rows);
    for (const auto& [row, tone] : tones) m_cameras->set_tone(row, 4, tone);
    const std::vector<float>& feature = frame.voxel_feature;
    m_bars->setVisible(!feature.empty());
    m_bars->set_values(feature);
    if (feature.empty()) {
        m_feature_note->setText(view.camera[at] == 255 ? tr("An empty voxel: its feature is zero.") : QString());
        return;
    }
    const auto largest = std::max_element(feature.begin(), feature.end(), [](float a, float b) { return std::abs(a) < std::abs(b); });
    double sum = 0;
    for (const float v : feature) sum += double(v) * v;
    m_feature_note->setText(tr("%1 feature channels, |f| = %2, largest %3 in channel %4").arg(feature.size()).arg(std::sqrt(sum), 0, 'g', 3).arg(double(*largest), 0, 'g', 3).arg(largest - feature.begin()));
}

void Inspector::show_detection(const Frame& frame, const Selection& selection) {
    const bool is_truth = selection.kind == Selection::Kind::truth;
    const auto& all = is_truth ? frame.truth : frame.boxes;
    if (selection.object < 0 || selection.object >= int(all.size())) return;
    const SceneObject& box = all[std::size_t(selection.object)];
    // The match is stored by the number of the predicted box; a true box looks for the row with its token.
    std::optional<std::size_t> match;
    for (std::size_t row = 0; row < frame.matches.rows.size(); ++row)
        if (is_truth ? text_in(frame.matches, row, "truth") == box.token : number_in(frame.matches, row, "box") == double(selection.object) && !text_in(frame.matches, row, "truth").isEmpty()) match = row;   // false ones have a row, too
    const SceneObject *predicted = is_truth ? nullptr : &box, *truth = is_truth ? &box : nullptr;
    if (match && is_truth)
        if (const auto number = number_in(frame.matches, *match, "box"); number && *number >= 0 && *number < double(frame.boxes.size())) predicted = &frame.boxes[std::size_t(*number)];
    if (match && !is_truth) {
        const QString token = text_in(frame.matches, *match, "truth");
        for (const SceneObject& t : frame.truth)
            if (!token.isEmpty() && t.token == token) truth = &t;
    }
    m_box_title->setText(is_truth ? tr("%1, true box").arg(class_names()[box.label]) : QStringLiteral("%1 %2").arg(class_names()[box.label]).arg(box.score, 0, 'f', 3));
    QList<QStringList> rows;
    const auto both = [&](const QString& name, auto value, const QString& error = {}) { rows << QStringList{name, predicted ? value(*predicted) : QStringLiteral("–"), truth ? value(*truth) : QStringLiteral("–"), error}; };
    const auto error_of = [&](const char* column, const QString& unit) {
        const auto value = match ? number_in(frame.matches, *match, column) : std::nullopt;
        return value ? QString::number(*value, 'f', 2) + unit : QString();
    };
    both(tr("Centre x, y, z m"), [](const SceneObject& o) { return metres(o.centre[0], 1) + QStringLiteral(", ") + metres(o.centre[1], 1) + QStringLiteral(", ") + metres(o.centre[2], 1); }, error_of("distance m", QStringLiteral(" m")));
    both(tr("Width, length, height m"), [](const SceneObject& o) { return metres(o.size[0], 1) + QStringLiteral(", ") + metres(o.size[1], 1) + QStringLiteral(", ") + metres(o.size[2], 1); }, error_of("size error", {}));
    both(tr("Heading"), [](const SceneObject& o) { return degrees(o.yaw); }, error_of("yaw error rad", QStringLiteral(" rad")));
    both(tr("Speed m/s"), [](const SceneObject& o) { return metres(std::hypot(o.velocity[0], o.velocity[1]), 1); }, error_of("velocity error m/s", QStringLiteral(" m/s")));
    if (!match) rows << QStringList{tr("Match"), is_truth ? tr("missed") : tr("false"), {}, tr("none within 2 m")};
    const int candidate = predicted ? predicted->candidate : -1;
    if (candidate >= 0 && candidate < int(frame.candidates.rows.size())) {
        const auto row = std::size_t(candidate);
        const auto of = [&](const char* column) { return text_in(frame.candidates, row, column); };
        rows << QStringList{tr("Anchor"), of("anchor"), {}, {}} << QStringList{tr("Direction bin"), of("direction bin"), {}, {}} << QStringList{tr("Heading before the bin"), of("yaw rad") + QStringLiteral(" rad"), {}, {}};
        int suppressed = 0;
        double most = 0;
        for (std::size_t i = 0; i < frame.candidates.rows.size(); ++i)
            if (number_in(frame.candidates, i, "suppressed by") == double(candidate)) {
                ++suppressed;
                most = std::max(most, number_in(frame.candidates, i, "overlap").value_or(0));
            }
        rows << QStringList{tr("Suppressed by it"), tr("%n candidate(s)", nullptr, suppressed), {}, suppressed ? tr("overlap to %1").arg(most, 0, 'f', 2) : QString()};
    }
    m_box->set_rows(rows);
}

}
