#pragma once
// The texts of the source are English; those that count something say "%n run(s)". Without a translation file this makes "1 run" and "3 runs" of them.
#include <QTranslator>

namespace lathe {

class EnglishPlurals : public QTranslator {
    Q_OBJECT
public:
    using QTranslator::QTranslator;
    bool isEmpty() const override { return false; }
    QString translate(const char* context, const char* text, const char* disambiguation, int n) const override;
};

}
