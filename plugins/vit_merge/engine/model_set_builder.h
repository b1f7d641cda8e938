#pragma once
// Puts a ModelSet together from named sources; see model_set.h for what it finds. Work thread.
#include "plugins/vit_merge/engine/known_files.h"
#include "plugins/vit_merge/engine/model_set.h"

namespace lathe::vit_merge {

class ModelSetBuilder {
public:
    ModelSetBuilder() : m_set(std::make_shared<ModelSet>()) {}
    ModelSet& set() { return *m_set; }                     ///< models, base and gate are to be filled in: name, file and config
    void knows(std::shared_ptr<const KnownFile> file) { m_known[file->path] = std::move(file); }   ///< what a look at the file found
    /// Throws Error(invalid_value) for no model, more than 30, and two of one name.
    std::shared_ptr<const ModelSet> build();
private:
    struct Shape { std::vector<std::int64_t> sizes; VitKey role; };
    template <class F> void for_each_source(F f);          ///< (index as in ModelSet::m_places, source)
    void tell(Finding::Level level, std::string what, std::string hint);
    void check_names();
    void find_layouts();
    void note_architectures();
    void place_tensors();
    void add_place(std::size_t index, const std::string& name, std::vector<std::string> places, const std::vector<std::int64_t>& shape, const VitKey& role);
    void share_keys();
    void note_contents();
    void note_normalisations();

    std::shared_ptr<ModelSet> m_set;
    std::map<std::filesystem::path, std::shared_ptr<const KnownFile>> m_known;
    std::vector<std::map<std::string, Shape>> m_shapes;
};

}
