#include "plugins/vit_merge/panel/cost_view.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include <QHBoxLayout>
#include <QVBoxLayout>
#include <cmath>

namespace lathe::vit_merge {

CostView::CostView(QWidget* parent)
    : QWidget(parent), m_joint(new Headline(tr("joint"), this)), m_oracle(new Headline(tr("oracle head"), this)), m_gate(new Headline(tr("gate"), this)), m_storage(new StatRow(tr("Storage, fp32"), true, this)),
      m_half(new StatRow(tr("Storage, fp16"), false, this)), m_merge(new StatRow(tr("Merge"), false, this)), m_forward(new StatRow(tr("Forward"), false, this)), m_gate_time(new StatRow(tr("Gate"), false, this)),
      m_path(new StatRow(tr("Path"), false, this)), m_sentence(new TextLabel({}, 12, false, TextRole::secondary, this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(12, 6, 12, 8);
    column->setSpacing(2);
    auto* heads = new QHBoxLayout;
    heads->setSpacing(12);
    for (Headline* headline : {m_joint, m_oracle, m_gate}) heads->addWidget(headline);
    heads->addStretch(1);
    column->addLayout(heads);
    m_joint->setToolTip(tr("Of the pictures shown: right head chosen by the gate and right class"));
    m_oracle->setToolTip(tr("Of the pictures shown: right class when the head of the true task is given. Another measure than joint"));
    m_gate->setToolTip(tr("Of the pictures shown: right head chosen"));
    for (StatRow* row : {m_storage, m_half, m_merge, m_forward, m_gate_time, m_path}) column->addWidget(row);
    m_sentence->setWordWrap(true);
    column->addWidget(m_sentence);
    column->addStretch(1);
}

QString CostView::sentence() const { return m_sentence->text(); }
QString CostView::storage_text() const { return m_storage_text; }

void CostView::show_costs(const Description& set, const Strip& strip, int m, bool is_gated, bool stale) {
    m_joint->set_value(percent(strip.share(&StripPicture::joint)));
    m_oracle->set_value(percent(strip.share(&StripPicture::oracle_right)));
    m_gate->set_value(percent(strip.gate_share()));
    // Measured by the engine where it said so; else by the formula, which is the same for every method that is gated.
    double bytes = fact(strip.summary, "bytes");
    if (std::isnan(bytes) && is_gated) bytes = set.bytes_at(m);
    const double share = bytes / set.separate_bytes;
    m_storage_text = std::isnan(share) ? megabytes(bytes) : tr("%1 of %2").arg(megabytes(bytes), megabytes(set.separate_bytes));
    m_storage->set_value(m_storage_text, std::isnan(share) ? -1 : std::min(1.0, share));
    m_half->set_value(megabytes(bytes / 2));
    const auto time = [&](const char* key) { return milliseconds(strip.metrics.value(QString::fromLatin1(key), std::nan(""))); };
    const double groups = fact(strip.summary, "groups");
    m_merge->set_value(time("merge_ms"), -1, groups > 0 ? tr("%n set(s) of weights", nullptr, int(groups)) : QString());
    m_forward->set_value(time("forward_ms"), -1, strip.pictures.isEmpty() ? QString() : tr("%n picture(s)", nullptr, int(strip.pictures.size())));
    m_gate_time->set_value(time("gate_ms"));
    const QString path = text_fact(strip.summary, "path");
    m_path->set_value(path.isEmpty() ? QStringLiteral("–") : path);
    for (StatRow* row : {m_storage, m_half, m_merge, m_forward, m_gate_time, m_path}) row->set_stale(stale);
    for (Headline* headline : {m_joint, m_oracle, m_gate}) headline->set_stale(stale);
    if (std::isnan(share)) m_sentence->setText({});
    else if (share >= 1) m_sentence->setText(tr("As large as the separate models behind the gate: hard routing costs no more and is the baseline to beat."));
    else m_sentence->setText(tr("%1 of what hard routing stores. Hard routing is the baseline to beat: it keeps every model whole.").arg(percent(share, 0)));
}

}
