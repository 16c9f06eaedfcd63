#pragma once
// A machine that is not there: cards of the catalog put into it, devices taken out. What `motley
// plan
// --add`, `--without` and `motley whatif` plan on. Pure, any thread. Errors: InvalidArgument (a
// processor, a card without memory or bandwidth on its sheet, a slot that PCI Express does not
// have), NotFound (no such device, no such card: the nearest names).

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "hwprofiles/cards/catalog.h"
#include "hwprofiles/profile.h"

namespace motley {

// What is usually reached of a data sheet's rates, by vendor (docs/how-motley-plans.md names the
// measurements behind it). The result is a prior: expect it to be off by a third.
PeakRates ReachableRates(const CatalogEntry& entry);

// A card and the slot it would sit in: "rtx-3090", "rtx-3090@gen3x8", "rtx-3090*2" (two of them).
struct CardChoice {
  const CatalogEntry* entry = nullptr;
  CatalogLink slot;  // as the card was built where the text says nothing
  int count = 1;
};
Result<CardChoice> ParseCard(const std::vector<CatalogEntry>& catalog, std::string_view text);

// Puts them in as devices "rtx-3090" (or "rtx-3090.1", ... where that name is taken), with links
// from and to the host and, through the host, from and to every other device.
Status AddCards(const CardChoice& choice, MachineProfile* machine);
// Takes a device and its links out.
Status TakeOut(std::string_view device, MachineProfile* machine);

}  // namespace motley
