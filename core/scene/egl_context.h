#pragma once
// An OpenGL 3.2 core context without a window, a display server or a surface (EGL). One thread at a time.
#include <memory>
#include <string>

namespace lathe {

class EglContext {
public:
    EglContext();                            ///< throws Error(unsupported) where there is no OpenGL; says what to install
    ~EglContext();
    EglContext(const EglContext&) = delete;
    EglContext& operator=(const EglContext&) = delete;
    void make_current();                     ///< on the calling thread; throws Error(unsupported)
    std::string vendor() const;
private:
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

}
