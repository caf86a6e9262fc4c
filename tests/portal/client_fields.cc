#include "tests/portal/card_fields.h"
#include "tests/portal/tables.h"

// Contacts and companies (portal docs: object-fields.md).

namespace b24::sim {
namespace {

using ContactField = Field<Contact>;
using CompanyField = Field<Company>;

Cell client(const Contact&, Scratch&) { return text_cell("CLIENT"); }
Cell customer(const Company&, Scratch&) { return text_cell("CUSTOMER"); }
Cell rouble(const Company&, Scratch&) { return text_cell("RUB"); }

constexpr ContactField kContactFields[] = {
    {"id", "id", integer_of<Contact, &Contact::id>},
    {"createdTime", "createdTime", time_of<Contact, &Contact::created>},
    {"updatedTime", "updatedTime", time_of<Contact, &Contact::updated>},
    {"createdBy", "createdBy", integer_of<Contact, &Contact::created_by>},
    {"updatedBy", "updatedBy", integer_of<Contact, &Contact::updated_by>},
    {"assignedById", "assignedById", integer_of<Contact, &Contact::manager>},
    {"opened", "opened", yes_of<Contact>},
    {"categoryId", "categoryId", zero_of<Contact>},
    {"name", "name", text_of<Contact, &Contact::first_name>},
    {"lastName", "lastName", text_of<Contact, &Contact::last_name>},
    {"secondName", "secondName", unset_of<Contact>},
    {"shortName", "shortName", unset_of<Contact>},
    {"honorific", "honorific", unset_of<Contact>},
    {"photo", "photo", unset_of<Contact>},
    {"birthdate", "birthdate", unset_of<Contact>},
    {"post", "post", unset_of<Contact>},
    {"address", "address", unset_of<Contact>},
    {"comments", "comments", text_of<Contact, &Contact::comments>},
    {"typeId", "typeId", client},
    {"sourceId", "sourceId", unset_of<Contact>},
    {"sourceDescription", "sourceDescription", unset_of<Contact>},
    {"leadId", "leadId", link_of<Contact, &Contact::lead>},
    {"companyId", "companyId", integer_of<Contact, &Contact::company>},
    {"companyIds", "companyIds", links_of<Contact, &Contact::company>},
    {"export", "export", yes_of<Contact>},
    {"login", "login", unset_of<Contact>},
    {"webformId", "webformId", unset_of<Contact>},
    {"originatorId", "originatorId", unset_of<Contact>},
    {"originId", "originId", unset_of<Contact>},
    {"originVersion", "originVersion", unset_of<Contact>},
    {"searchContent", "searchContent", unset_of<Contact>},
    {"hasPhone", "hasPhone", yes_of<Contact>},
    {"hasEmail", "hasEmail", has_email_of<Contact>},
    {"hasImol", "hasImol", no_of<Contact>},
    {"phoneMobile", "phoneMobile", empty_text_of<Contact>},
    {"phoneWork", "phoneWork", phone_of<Contact>},
    {"phoneMailing", "phoneMailing", empty_text_of<Contact>},
    {"emailHome", "emailHome", empty_text_of<Contact>},
    {"emailWork", "emailWork", email_of<Contact>},
    {"emailMailing", "emailMailing", empty_text_of<Contact>},
    {"imol", "imol", empty_text_of<Contact>},
    {"email", "email", email_of<Contact>},
    {"phone", "phone", phone_of<Contact>},
    {"fm", "fm", multifield_of<Contact>, ContactField::In::whole},
    {"lastActivityBy", "lastActivityBy", integer_of<Contact, &Contact::last_activity_by>},
    {"lastActivityTime", "lastActivityTime", time_of<Contact, &Contact::last_activity>},
    {"utmSource", "utmSource", unset_of<Contact>},
    {"utmMedium", "utmMedium", unset_of<Contact>},
    {"utmCampaign", "utmCampaign", unset_of<Contact>},
    {"utmContent", "utmContent", unset_of<Contact>},
    {"utmTerm", "utmTerm", unset_of<Contact>},
    {"observers", "observers", empty_list_of<Contact>},
    {"entityTypeId", "entityTypeId", type_of<Contact>, ContactField::In::whole},
};

constexpr CompanyField kCompanyFields[] = {
    {"id", "id", integer_of<Company, &Company::id>},
    {"createdTime", "createdTime", time_of<Company, &Company::created>},
    {"updatedTime", "updatedTime", time_of<Company, &Company::updated>},
    {"createdBy", "createdBy", integer_of<Company, &Company::created_by>},
    {"updatedBy", "updatedBy", integer_of<Company, &Company::updated_by>},
    {"assignedById", "assignedById", integer_of<Company, &Company::manager>},
    {"opened", "opened", yes_of<Company>},
    {"categoryId", "categoryId", zero_of<Company>},
    {"title", "title", text_of<Company, &Company::title>},
    {"typeId", "typeId", customer},
    {"industry", "industry", unset_of<Company>},
    {"employees", "employees", unset_of<Company>},
    {"revenue", "revenue", real_of<Company, &Company::revenue>},
    {"currencyId", "currencyId", rouble},
    {"isMyCompany", "isMyCompany", no_of<Company>},
    {"logo", "logo", unset_of<Company>},
    {"address", "address", unset_of<Company>},
    {"addressLegal", "addressLegal", unset_of<Company>},
    {"bankingDetails", "bankingDetails", unset_of<Company>},
    {"comments", "comments", text_of<Company, &Company::comments>},
    {"leadId", "leadId", link_of<Company, &Company::lead>},
    {"webformId", "webformId", unset_of<Company>},
    {"originatorId", "originatorId", unset_of<Company>},
    {"originId", "originId", unset_of<Company>},
    {"originVersion", "originVersion", unset_of<Company>},
    {"searchContent", "searchContent", unset_of<Company>},
    {"ufLogo", "ufLogo", unset_of<Company>},
    {"ufStamp", "ufStamp", unset_of<Company>},
    {"ufDirectorSign", "ufDirectorSign", unset_of<Company>},
    {"ufAccountantSign", "ufAccountantSign", unset_of<Company>},
    {"hasPhone", "hasPhone", yes_of<Company>},
    {"hasEmail", "hasEmail", has_email_of<Company>},
    {"hasImol", "hasImol", no_of<Company>},
    {"phoneMobile", "phoneMobile", empty_text_of<Company>},
    {"phoneWork", "phoneWork", phone_of<Company>},
    {"phoneMailing", "phoneMailing", empty_text_of<Company>},
    {"emailHome", "emailHome", empty_text_of<Company>},
    {"emailWork", "emailWork", email_of<Company>},
    {"emailMailing", "emailMailing", empty_text_of<Company>},
    {"imol", "imol", empty_text_of<Company>},
    {"email", "email", email_of<Company>},
    {"phone", "phone", phone_of<Company>},
    {"fm", "fm", multifield_of<Company>, CompanyField::In::whole},
    {"lastActivityBy", "lastActivityBy", integer_of<Company, &Company::last_activity_by>},
    {"lastActivityTime", "lastActivityTime", time_of<Company, &Company::last_activity>},
    {"utmSource", "utmSource", unset_of<Company>},
    {"utmMedium", "utmMedium", unset_of<Company>},
    {"utmCampaign", "utmCampaign", unset_of<Company>},
    {"utmContent", "utmContent", unset_of<Company>},
    {"utmTerm", "utmTerm", unset_of<Company>},
    {"observers", "observers", empty_list_of<Company>},
    {"contactIds", "contactIds", empty_list_of<Company>},
    {"entityTypeId", "entityTypeId", type_of<Company>, CompanyField::In::whole},
};

}  // namespace

std::span<const Field<Contact>> contact_fields() { return kContactFields; }
std::span<const Field<Company>> company_fields() { return kCompanyFields; }

}  // namespace b24::sim
