#pragma once
#include <QString>
#include <filesystem>

/// A file of tests/data; CTest says where it is, `./dev exec` says where the checkout is.
inline std::filesystem::path test_data(const char* name) {
    const QString folder = qEnvironmentVariable("LATHE_TEST_DATA", qEnvironmentVariable("LATHE_SOURCE") + QStringLiteral("/tests/data"));
    return std::filesystem::path(folder.toStdString()) / name;
}
