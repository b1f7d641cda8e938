#pragma once
// VTK's render window in an EGL context: draws into memory, without a display. For the files of this folder only (VTK's headers). One thread.
#include "core/scene/egl_context.h"
#include <vtkCallbackCommand.h>
#include <vtkGenericOpenGLRenderWindow.h>
#include <vtkNew.h>

namespace lathe {

/// VTK complains about the missing GLX at each start of a context; its messages are off while we draw.
class QuietVtk {
public:
    QuietVtk();
    ~QuietVtk();
    QuietVtk(const QuietVtk&) = delete;
    QuietVtk& operator=(const QuietVtk&) = delete;
private:
    int m_before;
};

class EglWindow {
public:
    EglWindow();                                           ///< throws Error(unsupported) where there is no OpenGL
    ~EglWindow();
    EglWindow(const EglWindow&) = delete;
    EglWindow& operator=(const EglWindow&) = delete;
    void make_current() { m_context.make_current(); }
    vtkGenericOpenGLRenderWindow* vtk() { return m_window; }
    std::string driver();                                  ///< what draws, e.g. "llvmpipe (LLVM 19.1.7, 256 bits)"
private:
    EglContext m_context;
    vtkNew<vtkCallbackCommand> m_is_current, m_make_current;
    vtkNew<vtkGenericOpenGLRenderWindow> m_window;         // last: goes before what it uses
};

}
