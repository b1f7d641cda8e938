#pragma once
// Viewers for screen readers: images and plots as graphics with a description. Heat maps are tables by their accessible_ methods.
class QWidget;

namespace lathe {
void install_viewer_accessibility();          ///< once; called by the viewers
void announce_value(QWidget* viewer);         ///< what the viewer tells has changed
}
