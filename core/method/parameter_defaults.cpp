#include "core/method/parameter_defaults.h"
#include <algorithm>

namespace lathe {
namespace {

bool names_model(const Json& value) { return value.is_string() && value.get_ref<const std::string&>().starts_with("$model."); }

}

bool depends_on_model(const Parameter& parameter) {
    const Json& value = parameter.default_value;
    if (names_model(parameter.min) || names_model(parameter.max) || names_model(value) || (value.is_array() && std::ranges::any_of(value, names_model))) return true;
    return names_model(parameter.choices_from) || names_model(parameter.rows_from) || names_model(parameter.cols_from);
}

Json complete_without_model(const std::vector<Parameter>& declared, const Json& given) {
    Json values = complete_parameters(declared, given);
    for (const Parameter& p : declared)
        if (depends_on_model(p) && (!given.contains(p.id) || values[p.id] == p.default_value)) values.erase(p.id);
    return values;
}

}
