#include "plugins/vit_merge/engine/training_stage.h"
#include "core/base/file.h"

namespace lathe::vit_merge {
namespace {

constexpr std::size_t kMostStageBytes = std::size_t{1} << 32;

}

StageRun::StageRun(RunContext& parent, std::string name, std::filesystem::path checkpoint_file, double begin, double end, double total)
    : m_parent(parent), m_name(std::move(name)), m_file(std::move(checkpoint_file)), m_begin(begin), m_end(end), m_total(total) {}

Bytes StageRun::resume_checkpoint() const {
    if (size_or_zero(m_file) == 0) return nullptr;
    return std::make_shared<const std::string>(read_file(m_file, kMostStageBytes));
}

void StageRun::progress(double done, double total, std::string_view note) { m_parent.progress(m_begin + (m_end - m_begin) * (total > 0 ? done / total : 0), m_total, m_name + ": " + std::string(note)); }

void StageRun::metric(std::string_view key, std::int64_t step, double value) { m_parent.metric(std::string(key) + "." + m_name, step, value); }

void StageRun::log(std::string_view level, std::string_view text) { m_parent.log(level, m_name + ": " + std::string(text)); }

void StageRun::checkpoint(Bytes safetensors) {
    write_file(m_file, *safetensors);
    m_parent.checkpoint(std::move(safetensors));           // so that the run can be resumed as any other; what counts lies in the folder
}

void StageRun::forget_checkpoint() {
    std::error_code error;
    std::filesystem::remove(m_file, error);
}

}
