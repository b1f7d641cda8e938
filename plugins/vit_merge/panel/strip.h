#pragma once
// The pictures of one run of vit_merge.strip with what the merged model made of them. Filled from events or from a project. Plain values.
#include "plugins/vit_merge/panel/answers.h"
#include <QHash>
#include <QImage>
#include <map>

namespace lathe::vit_merge {

/// One picture, the same in every run: of a task by its number, or a file.
struct PictureKey {
    QString task, file;
    int index = -1;
    bool is_none() const { return file.isEmpty() && index < 0; }
    bool operator==(const PictureKey&) const = default;
    Json to_json() const;
    static PictureKey from_json(const Json& json);         ///< may be damaged: then none
};

enum class Verdict { unknown, right, wrong };

struct StripPicture {
    PictureKey key;
    QImage picture;
    QString label, head, predicted, oracle;                ///< classes by name; head: the model whose head was chosen; empty: not known
    double confidence = 0;                                 ///< NaN: not known
    Verdict joint = Verdict::unknown, oracle_right = Verdict::unknown;
    QList<double> gate;                                    ///< probability of each model; empty: no gate
    QString name() const;                                  ///< "mnist 12", or the name of the file
};
QString verdict_text(const StripPicture& picture);         ///< "right", "wrong: is sneaker", "wrong head: is of mnist"; empty: not known

struct Strip {
    QString uuid;
    Json key, summary;                                     ///< what it was asked of; null until it finished
    QList<StripPicture> pictures;
    QStringList models;                                    ///< of the gate's probabilities; empty: it does not say
    QHash<QString, double> metrics;                        ///< merge_ms, forward_ms, gate_ms
    bool finished = false;

    /// True where it is complete now. Throws Error(wrong_format).
    bool take(const RunEvent& event);
    void take(const Artifact& artifact);
    void assemble();                                       ///< after the last artifact: rows, pictures and gate become `pictures`
    int index_of(const PictureKey& key) const;
    bool mixed_batch() const;
    double share(Verdict StripPicture::*kind) const;       ///< of right ones among those that are known; NaN: none is
    double gate_share() const;                             ///< of pictures whose task is known and whose head is the task's
private:
    std::map<std::int64_t, QImage> m_images;
    CsvTable m_rows;
    Values m_gate;
};

}
