#pragma once
// Loads the own SVG icons and publishes the look for the viewers, which stand below the widgets and know the theme only through the application object.
#include "widgets/theme.h"

namespace lathe {

/// Sets the properties "lathe_look" and "lathe_icons" of the application object (see viewers/view_style.h).
void publish_look(const ThemeColours& colours, bool dark, const QFont& mono);

/// `picture` with every opaque pixel in `colour`.
QPixmap tinted(QPixmap picture, const QColor& colour);

}
