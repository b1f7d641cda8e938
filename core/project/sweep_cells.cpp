#include "core/project/sweep_cells.h"
#include "core/project/place.h"

namespace lathe {

std::vector<SweepCellRow> sweep_cells_of(const std::filesystem::path& project, SweepId sweep) {
    const Place place = place_of(project);
    sql::Database db(place.file, place.reading);
    sql::Statement statement(db, "SELECT cell, params, coalesce(run, 0), state, tries FROM sweep_cell WHERE sweep = ? ORDER BY cell");
    statement.bind(sweep);
    std::vector<SweepCellRow> cells;
    while (statement.step())
        cells.push_back({statement.integer(0), statement.integer(4), statement.integer(2), parse_json(statement.text(1), "sweep_cell.params"), statement.text(3)});
    return cells;
}

}
