#include "plugins/vit_merge/engine/task_batches.h"
#include "core/base/error.h"
#include "core/nn/random_stream.h"
#include "plugins/vit_merge/engine/trivial_augment.h"
#include <algorithm>
#include <ATen/ATen.h>

namespace lathe::vit_merge {
namespace {

enum BatchPurpose : std::uint64_t { order_of_pictures = 11, shift_of_pictures = 12, change_of_pictures = 13 };

/// Each picture moved by up to `most` pixels along both axes.
at::Tensor shifted(const at::Tensor& pictures, std::int64_t most, const at::Generator& random) {
    const std::int64_t count = pictures.size(0), height = pictures.size(2), width = pictures.size(3);
    const at::Tensor shifts = at::randint(2 * most + 1, {count, 2}, random, at::kLong), wide = at::constant_pad_nd(pictures, {most, most, most, most}, 0);
    at::Tensor out = at::empty_like(pictures);
    const auto* shift = shifts.const_data_ptr<std::int64_t>();
    for (std::int64_t i = 0; i < count; ++i) out[i].copy_(wide[i].narrow(1, shift[2 * i], height).narrow(2, shift[2 * i + 1], width));
    return out;
}

}

PictureForm picture_form(const VitConfig& config) {
    PictureForm form{config.channels, config.height, config.width, std::vector<double>(static_cast<std::size_t>(config.channels), 0.5), std::vector<double>(static_cast<std::size_t>(config.channels), 0.5)};
    if (config.normalisation) {
        form.mean = config.normalisation->mean;
        form.deviation = config.normalisation->deviation;
    }
    return form;
}

TaskBatches::TaskBatches(std::vector<TrainingTask> tasks, PictureForm form, const Options& options, bool by_task)
    : m_tasks(std::move(tasks)), m_form(std::move(form)), m_options(options), m_by_task(by_task) {
    const auto count = static_cast<std::int64_t>(m_tasks.size());
    if (count < 1 || m_options.batch < (m_by_task ? count : 2))
        throw Error(ErrorCode::invalid_value, "A batch must hold at least one picture of every task.", std::to_string(count) + " tasks, batch " + std::to_string(m_options.batch), "Train with larger batches.");
    if (m_options.shift < 0 || m_options.shift > std::min(m_form.height, m_form.width) / 2)
        throw Error(ErrorCode::invalid_value, "Pictures cannot be shifted so far.", "shift " + std::to_string(m_options.shift), "Shift by at most half of the side.");
    for (const TrainingTask& task : m_tasks) {
        m_sizes.push_back(std::max(task.set.size(), m_options.least));
        m_images += m_sizes.back();
    }
    m_orders.resize(m_by_task ? m_tasks.size() : 1);
}

/// Places [begin, end) in the endless sequence of shuffled epochs of `size`.
std::vector<std::int64_t> TaskBatches::pick(std::size_t number, std::int64_t size, std::int64_t begin, std::int64_t end) {
    Order& order = m_orders[number];
    std::vector<std::int64_t> picked;
    picked.reserve(static_cast<std::size_t>(end - begin));
    for (std::int64_t i = begin; i < end; ++i) {
        if (i / size != order.epoch) {
            order.epoch = i / size;
            order.pictures = at::randperm(size, random_stream(m_options.seed + 1000 * number, order_of_pictures, order.epoch), at::kLong);
        }
        picked.push_back(order.pictures.const_data_ptr<std::int64_t>()[i % size]);
    }
    return picked;
}

at::Tensor TaskBatches::pictures_of(std::size_t task, const std::vector<std::int64_t>& picked, std::int64_t step) {
    at::Tensor bytes = m_tasks[task].set.images.index_select(0, at::tensor(picked, at::kLong));
    const std::uint64_t seed = m_options.seed + 1000 * task;
    if (m_options.change == Change::trivial) bytes = trivially_augmented(bytes, random_stream(seed, change_of_pictures, step));
    else if (m_options.change == Change::shift && m_options.shift > 0) bytes = shifted(bytes, m_options.shift, random_stream(seed, shift_of_pictures, step));
    return model_pictures(bytes, m_form.channels, m_form.height, m_form.width, m_form.mean, m_form.deviation);
}

TaskBatches::Batch TaskBatches::operator()(std::int64_t step) {
    const auto count = static_cast<std::int64_t>(m_tasks.size());
    std::vector<std::vector<std::int64_t>> picked(m_tasks.size());
    if (m_by_task) {
        for (std::int64_t task = 0; task < count; ++task) {
            const auto t = static_cast<std::size_t>(task);
            const std::int64_t share = m_options.batch / count + (task < m_options.batch % count ? 1 : 0);
            picked[t] = pick(t, m_sizes[t], step * share, (step + 1) * share);
        }
    } else {
        for (std::int64_t place : pick(0, m_images, step * m_options.batch, (step + 1) * m_options.batch)) {
            std::size_t t = 0;
            while (place >= m_sizes[t]) place -= m_sizes[t++];
            picked[t].push_back(place);
        }
    }
    Batch batch;
    std::vector<at::Tensor> pictures, labels, tasks;
    for (std::size_t t = 0; t < m_tasks.size(); ++t) {
        batch.counts.push_back(static_cast<std::int64_t>(picked[t].size()));
        if (picked[t].empty()) continue;
        for (std::int64_t& place : picked[t]) place %= m_tasks[t].set.size();
        pictures.push_back(pictures_of(t, picked[t], step));
        labels.push_back(m_tasks[t].set.labels.index_select(0, at::tensor(picked[t], at::kLong)));
        tasks.push_back(at::full({batch.counts.back()}, static_cast<std::int64_t>(t), at::kLong));
    }
    batch.pictures = at::cat(pictures);
    batch.labels = at::cat(labels);
    batch.task = at::cat(tasks);
    return batch;
}

}
