#pragma once
// What the merge that is shown costs: storage against the separate models, time of merge, forward and gate, how it was computed, and what that means beside hard routing. A dock.
// GUI thread only.
#include "plugins/vit_merge/panel/description.h"
#include "plugins/vit_merge/panel/strip.h"
#include <QWidget>

namespace lathe {
class Headline;
class StatRow;
class TextLabel;
}

namespace lathe::vit_merge {

class CostView : public QWidget {
    Q_OBJECT
public:
    explicit CostView(QWidget* parent = nullptr);
    void show_costs(const Description& set, const Strip& strip, int m, bool is_gated, bool stale);
    QString sentence() const;
    QString storage_text() const;
private:
    Headline *m_joint, *m_oracle, *m_gate;
    StatRow *m_storage, *m_half, *m_merge, *m_forward, *m_gate_time, *m_path;
    TextLabel* m_sentence;
    QString m_storage_text;
};

}
