#include "core/nn/network.h"
#include "core/base/error.h"
#include "core/nn/layers.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <algorithm>
#include <cmath>
#include <set>
#include <sstream>

namespace lathe {
namespace {

std::string joined(const std::string& prefix, const std::string& name) { return prefix.empty() ? name : name.empty() ? prefix : prefix + "." + name; }

std::string shape_text(at::IntArrayRef shape) {
    std::ostringstream text;
    text << shape;
    return text.str();
}

/// "a, b, c and 289 more"
std::string listed(const std::vector<std::string>& names) {
    constexpr std::size_t shown = 5;
    std::string text;
    for (std::size_t i = 0; i < std::min(shown, names.size()); ++i) text += (i ? ", " : "") + names[i];
    if (names.size() > shown) text += " and " + std::to_string(names.size() - shown) + " more";
    return text;
}

/// The sum is one pass without a copy, but infinite weights of both signs give NaN too.
bool holds_nan(const at::Tensor& tensor) { return tensor.is_floating_point() && std::isnan(tensor.sum().item<double>()) && at::isnan(tensor).any().item<bool>(); }

}

void Module::own(std::string name, at::Tensor& parameter) { m_tensors.push_back({std::move(name), &parameter, true}); }
void Module::own_buffer(std::string name, at::Tensor& buffer) { m_tensors.push_back({std::move(name), &buffer, false}); }
void Module::own(std::string name, Module& child) { m_children.emplace_back(std::move(name), &child); }

void Module::visit(const std::string& prefix, const Visit& visit) {
    for (auto& [name, tensor, trained] : m_tensors) visit(joined(prefix, name), *tensor);
    for (auto& [name, child] : m_children) child->visit(joined(prefix, name), visit);
}

void Module::visit_parameters(const std::string& prefix, const Visit& visit) {
    for (auto& [name, tensor, trained] : m_tensors)
        if (trained) visit(joined(prefix, name), *tensor);
    for (auto& [name, child] : m_children) child->visit_parameters(joined(prefix, name), visit);
}

void Module::visit_modules(const std::string& prefix, const std::function<void(const std::string&, Module&)>& visit) {
    visit(prefix, *this);
    for (auto& [name, child] : m_children) child->visit_modules(joined(prefix, name), visit);
}

int Network::add_layer(std::string name, std::string type, std::string point, int block) {
    const int id = static_cast<int>(m_layers.size());
    m_layers.push_back({id, std::move(name), std::move(type), block, std::move(point)});
    return id;
}

void Network::load(const std::function<at::Tensor(const std::string&)>& find, const std::vector<std::string>& available, bool strict) {
    std::vector<std::string> missing, wrong, type, nans, unexpected;
    std::set<std::string> known;
    std::vector<std::pair<at::Tensor*, at::Tensor>> copies;
    visit("", [&](const std::string& key, at::Tensor& tensor) {
        known.insert(key);
        at::Tensor found = find(key);
        if (!found.defined()) missing.push_back(key);
        else if (found.sizes() != tensor.sizes()) wrong.push_back(key + " " + shape_text(found.sizes()) + " instead of " + shape_text(tensor.sizes()));
        else if (found.is_floating_point() != tensor.is_floating_point()) type.push_back(key + " " + c10::toString(found.scalar_type()) + " instead of " + c10::toString(tensor.scalar_type()));
        else if (holds_nan(found)) nans.push_back(key);
        else copies.emplace_back(&tensor, std::move(found));
    });
    if (strict)
        for (const auto& key : available)
            if (!known.contains(key)) unexpected.push_back(key);
    if (!missing.empty() || !wrong.empty() || !type.empty() || !nans.empty() || !unexpected.empty()) {
        std::string where;
        const auto add = [&where](const char* title, const std::vector<std::string>& names) {
            if (!names.empty()) where += (where.empty() ? "" : "; ") + std::string(title) + ": " + listed(names);
        };
        add("missing", missing);
        add("wrong shape", wrong);
        add("wrong type", type);
        add("unexpected", unexpected);
        if (where.empty()) {
            add("NaN", nans);
            throw Error(ErrorCode::wrong_format, "Weights of this checkpoint are not numbers (NaN): its training has diverged, or the file is damaged.", where, "Use an earlier checkpoint, or fetch the file again.");
        }
        throw Error(ErrorCode::wrong_format, "The checkpoint does not fit this network.", where, "Choose the network's size and options as they were in training, or another checkpoint.");
    }
    const c10::NoGradGuard no_grad;   // nothing was written before everything was checked
    for (auto& [tensor, found] : copies) tensor->copy_(found);
    visit_modules("", [](const std::string&, Module& module) { module.weights_changed(); });
}

std::map<std::string, at::Tensor> Network::state() {
    std::map<std::string, at::Tensor> all;
    visit("", [&](const std::string& key, at::Tensor& tensor) { all.emplace(key, tensor.detach()); });
    return all;
}

std::int64_t Network::parameter_count() {
    std::int64_t count = 0;
    visit_parameters("", [&](const std::string&, at::Tensor& tensor) { count += tensor.numel(); });
    return count;
}

void Network::set_training(bool training) {
    visit_parameters("", [&](const std::string&, at::Tensor& tensor) {
        if (tensor.is_floating_point()) tensor.set_requires_grad(training);
    });
    visit_modules("", [](const std::string&, Module& module) { module.weights_changed(); });
}

void Network::prepare_inference() {
    set_training(false);
    visit_modules("", [](const std::string&, Module& module) {
        if (auto* linear = dynamic_cast<Linear*>(&module)) linear->prepare();
    });
}

}
