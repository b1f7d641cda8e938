#include "core/scene/egl_window.h"
#include <exception>

namespace lathe {

QuietVtk::QuietVtk() : m_before(vtkObject::GetGlobalWarningDisplay()) { vtkObject::GlobalWarningDisplayOff(); }
QuietVtk::~QuietVtk() { vtkObject::SetGlobalWarningDisplay(m_before); }

EglWindow::EglWindow() {
    const QuietVtk quiet;
    m_window->AddObserver(vtkCommand::WindowIsCurrentEvent, m_is_current);
    m_window->AddObserver(vtkCommand::WindowMakeCurrentEvent, m_make_current);
    m_is_current->SetCallback([](vtkObject*, unsigned long, void*, void* answer) { *static_cast<bool*>(answer) = true; });
    m_make_current->SetClientData(&m_context);
    m_make_current->SetCallback([](vtkObject*, unsigned long, void* egl, void*) { static_cast<EglContext*>(egl)->make_current(); });
    m_window->SetOwnContext(0);
    m_window->SetOffScreenRendering(1);
    m_window->SetFrameBlitModeToNoBlit();
    m_window->SetMultiSamples(0);
    m_window->SetReadyForRendering(true);
}

EglWindow::~EglWindow() {
    const QuietVtk quiet;
    try {
        m_context.make_current();
        m_window->Finalize();
    } catch (const std::exception&) {
        // without its context nothing is left to be given back
    }
}

std::string EglWindow::driver() {
    const QuietVtk quiet;
    make_current();
    m_window->OpenGLInit();   // nothing was drawn yet, perhaps
    const char* capabilities = m_window->ReportCapabilities();
    const std::string text = capabilities ? capabilities : "";
    const std::size_t at = text.find("OpenGL renderer string:");
    if (at == text.npos) return m_context.vendor();
    const std::size_t from = text.find_first_not_of(' ', at + 23);
    return text.substr(from, text.find('\n', from) - from);
}

}
