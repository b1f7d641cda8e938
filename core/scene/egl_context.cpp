#include "core/scene/egl_context.h"
#include "core/base/error.h"
#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>

namespace lathe {
namespace {

[[noreturn]] void fail(const char* step) {
    char code[32];
    std::snprintf(code, sizeof code, "EGL error 0x%04x", static_cast<unsigned>(eglGetError()));
    throw Error(ErrorCode::unsupported, "Pictures of scenes cannot be drawn: there is no OpenGL without a display here.", std::string(step) + ", " + code,
        "Install Mesa's software driver: the Debian packages libegl1, libegl-mesa0 and libgl1-mesa-dri.");
}

/// Debian's LibTorch carries an LLVM of its own and exports its names. In a process with LibTorch, Mesa's software driver would call that one instead of
/// the LLVM it was built for, and crash. So Mesa is opened first, by us, with its own libraries before the names of the process.
void keep_mesa_to_itself() {
#ifdef __SANITIZE_ADDRESS__
    // AddressSanitizer forbids that way of opening; the slow driver does without LLVM.
    setenv("GALLIUM_DRIVER", "softpipe", 1);
    setenv("DRAW_USE_LLVM", "0", 1);
#else
    static void* const mesa = dlopen("libEGL_mesa.so.0", RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);   // stays open; null: another vendor draws
    static_cast<void>(mesa);
#endif
}

}

struct EglContext::Impl {
    EGLDisplay display = EGL_NO_DISPLAY;
    EGLContext context = EGL_NO_CONTEXT;

    bool open(EGLDisplay candidate) {
        EGLint major = 0, minor = 0;
        if (candidate == EGL_NO_DISPLAY || !eglInitialize(candidate, &major, &minor)) return false;
        display = candidate;
        return true;
    }
};

EglContext::EglContext() : m_impl(std::make_unique<Impl>()) {
    keep_mesa_to_itself();
    // Mesa's platform without any display server first; other drivers may offer the same through their default display.
    if (!m_impl->open(eglGetPlatformDisplay(EGL_PLATFORM_SURFACELESS_MESA, EGL_DEFAULT_DISPLAY, nullptr)) && !m_impl->open(eglGetDisplay(EGL_DEFAULT_DISPLAY))) fail("eglInitialize");
    if (!eglBindAPI(EGL_OPENGL_API)) fail("eglBindAPI");
    const EGLint wanted[] = {EGL_SURFACE_TYPE, EGL_PBUFFER_BIT, EGL_RENDERABLE_TYPE, EGL_OPENGL_BIT, EGL_RED_SIZE, 8, EGL_GREEN_SIZE, 8, EGL_BLUE_SIZE, 8, EGL_DEPTH_SIZE, 24, EGL_NONE};
    EGLConfig config = nullptr;
    EGLint count = 0;
    eglChooseConfig(m_impl->display, wanted, &config, 1, &count);
    const EGLint attributes[] = {EGL_CONTEXT_MAJOR_VERSION, 3, EGL_CONTEXT_MINOR_VERSION, 2, EGL_CONTEXT_OPENGL_PROFILE_MASK, EGL_CONTEXT_OPENGL_CORE_PROFILE_BIT, EGL_NONE};
    m_impl->context = eglCreateContext(m_impl->display, count > 0 ? config : EGL_NO_CONFIG_KHR, EGL_NO_CONTEXT, attributes);
    if (m_impl->context == EGL_NO_CONTEXT) fail("eglCreateContext");
    make_current();
}

EglContext::~EglContext() {
    // The display belongs to the whole process and stays initialised: other contexts may live on it.
    if (eglGetCurrentContext() == m_impl->context) eglMakeCurrent(m_impl->display, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
    eglDestroyContext(m_impl->display, m_impl->context);
}

void EglContext::make_current() {
    if (eglGetCurrentContext() == m_impl->context) return;
    eglBindAPI(EGL_OPENGL_API);   // a setting of the thread
    if (!eglMakeCurrent(m_impl->display, EGL_NO_SURFACE, EGL_NO_SURFACE, m_impl->context)) fail("eglMakeCurrent");
}

std::string EglContext::vendor() const {
    const char* text = eglQueryString(m_impl->display, EGL_VENDOR);
    return text ? text : "";
}

}
