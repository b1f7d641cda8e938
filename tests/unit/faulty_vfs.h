#pragma once
// A disk that is full after n more writes: SQLite's default file system with a counter before every write.
#include <atomic>
#include <sqlite3.h>

namespace lathe::test {

class FaultyVfs {
public:
    FaultyVfs() {
        s_inner = sqlite3_vfs_find(nullptr);
        s_left = -1;
        m_vfs = *s_inner;
        m_vfs.zName = "faulty";
        m_vfs.szOsFile = static_cast<int>(sizeof(File)) + s_inner->szOsFile;
        m_vfs.xOpen = open;
        sqlite3_vfs_register(&m_vfs, 1);
    }
    ~FaultyVfs() {
        sqlite3_vfs_register(s_inner, 1);
        sqlite3_vfs_unregister(&m_vfs);
    }
    FaultyVfs(const FaultyVfs&) = delete;
    FaultyVfs& operator=(const FaultyVfs&) = delete;

    /// The n-th write from now, and every later one, finds no space. -1: there is space.
    void fail_after(int n) {
        s_failed = false;
        s_left = n;
    }
    bool has_failed() const { return s_failed; }

private:
    struct File {
        sqlite3_file base;
        sqlite3_io_methods methods;
        sqlite3_file* inner() { return reinterpret_cast<sqlite3_file*>(this + 1); }
    };
    static File* self(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
    static sqlite3_file* inner(sqlite3_file* file) { return self(file)->inner(); }

    static int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
        auto* mine = self(file);
        mine->base.pMethods = nullptr;
        const int code = s_inner->xOpen(s_inner, name, mine->inner(), flags, out_flags);
        if (code != SQLITE_OK || !mine->inner()->pMethods)
            return code;
        auto& m = mine->methods;
        m = *mine->inner()->pMethods;
        m.xClose = [](sqlite3_file* f) { return inner(f)->pMethods->xClose(inner(f)); };
        m.xRead = [](sqlite3_file* f, void* data, int size, sqlite3_int64 at) { return inner(f)->pMethods->xRead(inner(f), data, size, at); };
        m.xWrite = [](sqlite3_file* f, const void* data, int size, sqlite3_int64 at) {
            return has_space() ? inner(f)->pMethods->xWrite(inner(f), data, size, at) : SQLITE_FULL;
        };
        m.xTruncate = [](sqlite3_file* f, sqlite3_int64 size) { return inner(f)->pMethods->xTruncate(inner(f), size); };
        m.xSync = [](sqlite3_file* f, int how) { return inner(f)->pMethods->xSync(inner(f), how); };
        m.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) { return inner(f)->pMethods->xFileSize(inner(f), size); };
        m.xLock = [](sqlite3_file* f, int how) { return inner(f)->pMethods->xLock(inner(f), how); };
        m.xUnlock = [](sqlite3_file* f, int how) { return inner(f)->pMethods->xUnlock(inner(f), how); };
        m.xCheckReservedLock = [](sqlite3_file* f, int* result) { return inner(f)->pMethods->xCheckReservedLock(inner(f), result); };
        m.xFileControl = [](sqlite3_file* f, int op, void* data) { return inner(f)->pMethods->xFileControl(inner(f), op, data); };
        m.xSectorSize = [](sqlite3_file* f) { return inner(f)->pMethods->xSectorSize(inner(f)); };
        m.xDeviceCharacteristics = [](sqlite3_file* f) { return inner(f)->pMethods->xDeviceCharacteristics(inner(f)); };
        m.xShmMap = [](sqlite3_file* f, int page, int size, int extend, void volatile** out) { return inner(f)->pMethods->xShmMap(inner(f), page, size, extend, out); };
        m.xShmLock = [](sqlite3_file* f, int first, int n, int how) { return inner(f)->pMethods->xShmLock(inner(f), first, n, how); };
        m.xShmBarrier = [](sqlite3_file* f) { inner(f)->pMethods->xShmBarrier(inner(f)); };
        m.xShmUnmap = [](sqlite3_file* f, int remove) { return inner(f)->pMethods->xShmUnmap(inner(f), remove); };
        m.xFetch = [](sqlite3_file*, sqlite3_int64, int, void** out) { *out = nullptr; return SQLITE_OK; };
        m.xUnfetch = [](sqlite3_file*, sqlite3_int64, void*) { return SQLITE_OK; };
        mine->base.pMethods = &m;
        return SQLITE_OK;
    }

    static bool has_space() {
        if (s_left < 0)
            return true;
        if (s_left == 0) {
            s_failed = true;
            return false;
        }
        --s_left;
        return true;
    }

    static inline sqlite3_vfs* s_inner = nullptr;
    static inline std::atomic<int> s_left = -1;
    static inline std::atomic<bool> s_failed = false;
    sqlite3_vfs m_vfs;
};

}
