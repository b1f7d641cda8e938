#include "plugins/hypergraph/panel/curves_view.h"
#include "viewers/plot_viewer.h"
#include "widgets/text_label.h"
#include <QHBoxLayout>
#include <QVBoxLayout>
#include <cmath>

namespace lathe::hypergraph {

CurvesView::CurvesView(QWidget* parent) : QWidget(parent), m_losses(new PlotViewer(this)), m_scores(new PlotViewer(this)), m_note(new TextLabel({}, 12, false, TextRole::secondary, this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(4, 4, 4, 0);
    column->setSpacing(2);
    m_note->setContentsMargins(8, 0, 8, 0);
    column->addWidget(m_note);
    auto* row = new QHBoxLayout;
    row->setSpacing(4);
    row->addWidget(m_losses);
    row->addWidget(m_scores);
    column->addLayout(row, 1);
    m_losses->setAccessibleName(tr("Losses"));
    m_losses->set_titles(tr("Epochs"), tr("Loss"));
    m_losses->set_empty_text(tr("Run trains the network; its losses are drawn as they come."));
    m_scores->setAccessibleName(tr("Accuracy"));
    m_scores->set_empty_text(tr("Accuracy on the training and validation nodes."));
    show_training(nullptr, false);
}

QString CurvesView::note() const { return m_note->text(); }

void CurvesView::show_training(const Training* training, bool stale) {
    QVector<Curve> losses, scores;
    bool is_error = false;
    if (training) {
        const auto add = [&](QVector<Curve>& into, const char* key, const QString& name, int series, double factor) {
            const auto points = training->series.points(QString::fromLatin1(key));
            if (points.isEmpty()) return;
            Curve curve{QString::fromLatin1(key), name, {}, {}, series, false, points.size() < 2, stale, {}};
            for (const auto& [epoch, value] : points) {
                curve.x << epoch;
                curve.y << factor * value;
            }
            into << curve;
        };
        add(losses, "train_loss", tr("training"), 0, 1);
        add(losses, "val_loss", tr("validation"), 1, 1);
        is_error = training->series.keys().contains(QStringLiteral("train_mae")) || training->series.keys().contains(QStringLiteral("val_mae"));
        add(scores, is_error ? "train_mae" : "train_accuracy", tr("training"), 0, is_error ? 1 : 100);
        add(scores, is_error ? "val_mae" : "val_accuracy", tr("validation"), 1, is_error ? 1 : 100);
    }
    m_scores->set_titles(tr("Epochs"), is_error ? tr("Absolute error") : tr("Accuracy, %"));
    m_losses->set_curves(losses);
    m_scores->set_curves(scores);
    QStringList parts;
    if (training && training->finished) {
        const auto part = [&](const char* accuracy, const char* error, const QString& name) {
            if (const double share = fact(training->summary, accuracy); !std::isnan(share)) parts << tr("%1 %2").arg(name, percent(share, 2));
            else if (const double mae = fact(training->summary, error); !std::isnan(mae)) parts << tr("%1 error %2").arg(name).arg(mae, 0, 'g', 4);
        };
        part("test_accuracy", "test_mae", tr("Test"));
        part("val_accuracy", "val_mae", tr("validation"));
        if (const double epoch = fact(training->summary, "best_epoch"); !std::isnan(epoch)) parts << tr("best epoch %1").arg(epoch);
        if (const double seconds = fact(training->summary, "seconds_per_epoch"); !std::isnan(seconds)) parts << tr("%1\u00A0ms per epoch").arg(1000 * seconds, 0, 'g', 3);
        if (stale) parts << tr("stale");
    }
    m_note->setText(parts.join(QStringLiteral(" · ")));
    m_note->set_stale(stale);
    m_note->setVisible(!parts.isEmpty());
}

}
