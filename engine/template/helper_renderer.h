#pragma once
// A TemplateRenderer with other limits or another helper than the product's: for tests, which
// starve and break it.

#include <memory>
#include <string>

#include "engine/template/helper_process.h"
#include "engine/template/renderer.h"

namespace motley {

Result<std::unique_ptr<TemplateRenderer>> StartRenderer(const std::string& source,
                                                        const HelperOptions& options);

}  // namespace motley
