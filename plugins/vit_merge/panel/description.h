#pragma once
// What vit_merge.describe says of a set of models: who they are, how alike their blocks are, what merging would cost in storage. Plain values.
#include "plugins/vit_merge/panel/answers.h"
#include <cmath>
#include <map>

namespace lathe::vit_merge {

struct ModelFacts {
    QString name, layout, architecture, normalisation, data, path;
    double parameters = 0, bytes = 0, classes = 0;
};

struct FindingRow { QString level, what, hint; };          ///< level: note, warning, error

struct BlockFacts {
    double attention = 0, mlp = 0;                         ///< similarity, by which blocks are gated
    double attention_task = 0, mlp_task = 0;               ///< cosine of task vectors; NaN without a base
};

/// The parameter tau goes down to -1, which says "by m".
inline bool is_threshold(double tau) { return tau > -1; }

struct StoragePoint { int m = 0; double bytes = 0, bytes_fp16 = 0; };

/// Which blocks are gated, by m or by a threshold.
struct GatedBlocks {
    std::vector<char> attention, mlp;
    int count() const;
};

struct Description {
    Json key;                                              ///< what it was asked of
    Json summary;
    QList<ModelFacts> models;
    QList<FindingRow> findings;
    QList<BlockFacts> blocks;
    QList<StoragePoint> storage;
    double separate_bytes = std::nan(""), separate_bytes_fp16 = std::nan("");   ///< all models apart; NaN: not known
    CsvTable keys;
    Values cosine, relative_l2;                            ///< [N, N]

    bool take(const Artifact& artifact);                   ///< false: no part of it. Throws Error(wrong_format)
    void finish(const Json& told);                         ///< after the last artifact: its summary. The table of models holds the base, too, which is none of them
    QStringList names() const;
    bool has_error() const;
    bool has_base() const;
    int depth() const { return int(blocks.size()); }
    /// The m lowest of each kind, ties by block; or all below tau where it is a threshold.
    GatedBlocks gated(int m, double tau) const;
    /// The m that gates `block` of this kind (the last one that comes in), or takes it out where it is gated.
    int m_for(int block, bool is_attention, int m) const;
    double bytes_at(int m) const;                          ///< NaN: not known

    Json kept() const;                                     ///< its tables as text, for the project
    static Description from_kept(const Json& kept);        ///< may be damaged: then empty
private:
    std::map<std::string, std::string> m_tables;
};

}
