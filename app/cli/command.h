#pragma once
// The commands. Each takes the words after its name and returns an exit code; what it throws, main() reports: UsageError 2, Error(cancelled) 130, others 1.
#include <QStringList>

namespace lathe::cli {

inline constexpr int kOk = 0, kFailed = 1, kUsage = 2, kCancelled = 130;

int methods_command(const QStringList& arguments);
int plugins_command(const QStringList& arguments);
int run_command(const QStringList& arguments);
int sweep_command(const QStringList& arguments);
int verify_command(const QStringList& arguments);
int models_command(const QStringList& arguments);
int project_command(const QStringList& arguments);
int report_command(const QStringList& arguments);
int bench_command(const QStringList& arguments);

}
