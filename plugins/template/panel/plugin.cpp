#include "plugin.h"
#include "core/base/uuid.h"
#include <QLabel>
#include <QVBoxLayout>

namespace lathe_template {
namespace {

/// Shows the last picture of template.waves. Run (Ctrl+Enter) makes one.
class Panel : public QWidget {
public:
    explicit Panel(lathe::PanelContext& context) : m_context(context), m_picture(new QLabel(tr("Press Run to draw waves."))) {
        m_picture->setAlignment(Qt::AlignCenter);
        (new QVBoxLayout(this))->addWidget(m_picture);
        connect(&context, &lathe::PanelContext::run_pressed, this, [this] { draw(); });
        connect(&context, &lathe::PanelContext::run_event, this, [this](const std::shared_ptr<lathe::RunEvent>& event) { show(*event); });
    }

private:
    void draw() {
        lathe::RunRequest request;
        request.uuid = lathe::make_uuid();
        request.method = "template.waves";
        m_run = m_context.submit(request, {}, {});
    }
    void show(const lathe::RunEvent& event) {
        const auto* made = std::get_if<lathe::event::ArtifactMade>(&event.body);
        if (!made || event.run != m_run.toStdString() || made->artifact.key != "waves") return;
        const auto& a = made->artifact;
        const QImage image(reinterpret_cast<const uchar*>(a.bytes->data()), int(a.shape[1]), int(a.shape[0]), qsizetype(a.shape[1]), QImage::Format_Grayscale8);
        m_picture->setPixmap(QPixmap::fromImage(image.copy()));
    }
    lathe::PanelContext& m_context;
    QLabel* m_picture;
    QString m_run;
};

}

QWidget* Plugin::create(lathe::PanelContext& context) { return new Panel(context); }

}
