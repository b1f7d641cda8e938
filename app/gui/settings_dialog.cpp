#include "app/gui/settings_dialog.h"
#include "app/gui/settings.h"
#include "app/gui/shortcut_editor.h"
#include "widgets/number_field.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include <QComboBox>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QListWidget>
#include <QPushButton>
#include <QStackedWidget>
#include <QVBoxLayout>

namespace lathe {

SettingsDialog::SettingsDialog(ActionRegistry& actions, ViewerKeys& viewer_keys, QWidget* parent) : QDialog(parent) {
    setWindowTitle(tr("Settings"));
    resize(760, 520);
    auto* column = new QVBoxLayout(this);
    auto* row = new QHBoxLayout;
    m_groups = new QListWidget(this);
    m_groups->setFixedWidth(170);
    m_groups->setAccessibleName(tr("Groups of settings"));
    m_pages = new QStackedWidget(this);
    QStringList groups;
    for (const SettingInfo& info : Settings::instance().declared())
        if (!groups.contains(info.group)) groups << info.group;
    for (const QString& group : std::as_const(groups)) {
        m_groups->addItem(group);
        m_pages->addWidget(make_page(group));
    }
    m_groups->addItem(tr("Shortcuts"));
    m_pages->addWidget(new ShortcutEditor(actions, viewer_keys, this));
    row->addWidget(m_groups);
    row->addWidget(m_pages, 1);
    auto* close = make_button(tr("Close"), {}, true, this);
    connect(close, &QPushButton::clicked, this, &QDialog::accept);
    column->addLayout(row, 1);
    column->addWidget(close, 0, Qt::AlignRight);
    connect(m_groups, &QListWidget::currentRowChanged, m_pages, &QStackedWidget::setCurrentIndex);
    m_groups->setCurrentRow(0);
}

QWidget* SettingsDialog::make_page(const QString& group) {
    auto* page = new QWidget(this);
    auto* column = new QVBoxLayout(page);
    column->setContentsMargins(16, 4, 8, 4);
    column->setSpacing(6);
    for (const SettingInfo& info : Settings::instance().declared()) {
        if (info.group != group) continue;
        auto* row = new QHBoxLayout;
        QWidget* editor = make_editor(info, page);
        editor->setObjectName(info.key);
        editor->setAccessibleName(info.label);
        if (info.type != SettingInfo::Type::boolean) {
            row->addWidget(new TextLabel(info.label, 13, false, TextRole::normal, page), 1);
            row->addWidget(editor, info.type == SettingInfo::Type::text ? 2 : 0);
            if (!info.unit.isEmpty()) row->addWidget(new TextLabel(info.unit, 12, false, TextRole::secondary, page));
        } else {
            row->addWidget(editor);
            row->addStretch(1);
        }
        column->addLayout(row);
        auto* help = new TextLabel(info.help, 12, false, TextRole::secondary, page);
        help->setWordWrap(true);
        column->addWidget(help);
        column->addSpacing(10);
    }
    column->addStretch(1);
    return page;
}

QWidget* SettingsDialog::make_editor(const SettingInfo& info, QWidget* parent) {
    Settings& settings = Settings::instance();
    const QString key = info.key;
    switch (info.type) {
    case SettingInfo::Type::boolean: {
        auto* box = new Switch(info.label, parent);
        box->setChecked(settings.value(key).toBool());
        connect(box, &QAbstractButton::toggled, this, [key](bool on) { Settings::instance().set_value(key, on); });
        connect(&settings, &Settings::changed, box, [box, key](const QString& changed) { if (changed == key) box->setChecked(Settings::instance().value(key).toBool()); });
        return box;
    }
    case SettingInfo::Type::integer: {
        auto* field = new NumberField(parent);
        field->set_integer(true);
        field->set_limits(double(info.min), double(info.max));
        field->set_value(settings.value(key).toInt());
        field->setFixedWidth(110);
        connect(field, &NumberField::value_edited, this, [key](double value) { Settings::instance().set_value(key, int(value)); });
        return field;
    }
    case SettingInfo::Type::choice: {
        auto* box = new QComboBox(parent);
        for (const SettingChoice& choice : info.choices) box->addItem(choice.label, choice.value);
        box->setCurrentIndex(box->findData(settings.value(key)));
        box->setMinimumWidth(180);
        connect(box, &QComboBox::activated, this, [box, key] { Settings::instance().set_value(key, box->currentData()); });
        return box;
    }
    case SettingInfo::Type::text: break;
    }
    auto* field = new QLineEdit(settings.value(key).toString(), parent);
    connect(field, &QLineEdit::editingFinished, this, [field, key] { Settings::instance().set_value(key, field->text().trimmed()); });
    return field;
}

void SettingsDialog::show_setting(const QString& key) {
    if (key == u"shortcuts") {
        m_groups->setCurrentRow(m_groups->count() - 1);
        return;
    }
    for (int page = 0; page < m_pages->count(); ++page)
        if (auto* editor = m_pages->widget(page)->findChild<QWidget*>(key)) {
            m_groups->setCurrentRow(page);
            editor->setFocus(Qt::OtherFocusReason);
            return;
        }
}

}
