#pragma once

namespace lathe {

/// Screen readers see sliders as sliders with a value, titles that fold as buttons that are expanded or collapsed, and every widget as a table of cells that offers these methods (Q_INVOKABLE; found by name, so that
/// viewers need not know this folder):
///   QSize accessible_size()                          columns and rows
///   QString accessible_head(int index, bool is_row)  name of a column or row
///   QString accessible_cell(int row, int column)
///   QRect accessible_cell_rect(int row, int column)  in the widget
///   QRect accessible_selection()                     columns and rows; empty: none
/// Installed with the theme.
void install_accessibility();

}
