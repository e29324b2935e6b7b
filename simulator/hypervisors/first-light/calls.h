// The hypercalls between this guest and this hypervisor, beside PSCI: function identifiers of the range for hypervisors
// (SMC Calling Convention, Arm DEN 0028, table of owning entities). Function in x0, result in x0.
#pragma once

#define CALL_ALARM 0x86000000 // a physical interrupt is to come soon, and with it a virtual one
