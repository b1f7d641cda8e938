#pragma once
// lathe [PROJECT] [--workspace ID] [--theme light|dark|system] [--size WxH] [--screenshot FILE] [--measure-start] [--measure-stream]
#include <QSize>
#include <QString>
#include <QStringList>

namespace lathe {

struct StartOptions {
    QString project, workspace, theme, screenshot, error;
    QSize size;
    bool measure_start = false, measure_stream = false, help = false, version = false;
};
/// `error` says what is wrong with an argument; nothing is thrown.
StartOptions start_options(const QStringList& arguments);
QString start_help();

}
