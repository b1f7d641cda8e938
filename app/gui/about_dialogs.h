#pragma once
// Help > About (versions and licences), Help > Plugins (all of them, with the reason where one is not used), Help > Copy diagnostics.
#include <QDialog>

namespace lathe {

struct Shell;

class AboutDialog : public QDialog {
    Q_OBJECT
public:
    AboutDialog(const Shell& shell, QWidget* parent);
};

class PluginsDialog : public QDialog {
    Q_OBJECT
public:
    PluginsDialog(const Shell& shell, QWidget* parent);
};

/// Versions, machine, engine, plugins, settings that differ from their defaults and the end of the log; no names of hosts, users or projects.
QString diagnostics(const Shell& shell);

}
