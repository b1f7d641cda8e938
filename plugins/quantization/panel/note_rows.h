#pragma once
// Sentences below each other, each with a mark where it says something good or warns. GUI thread only.
#include "core/base/csv.h"
#include <QStringList>
#include <QWidget>

class QVBoxLayout;

namespace lathe::quantization {

struct Network;

struct Note {
    enum class Mark { none, good, warning };
    QString rich_text;
    Mark mark = Mark::none;
    bool operator==(const Note&) const = default;
};

class NoteRows : public QWidget {
    Q_OBJECT
public:
    explicit NoteRows(QWidget* parent = nullptr);
    void set_notes(const QList<Note>& notes);
    QStringList texts() const;                             ///< without marks of rich text
private:
    QVBoxLayout* m_column;
    QList<Note> m_notes;
    QList<QWidget*> m_rows;
};

/// Why values of the network have no quantizer, the same reasons together, and what the engine warned of.
QList<Note> backend_notes(const Network& network);
/// What ran on integers, and why the rest did not: of a measurement on integers (table "arithmetic"). share: of the multiplications; NaN: not known.
QList<Note> arithmetic_notes(const CsvTable& arithmetic, double share);

}
