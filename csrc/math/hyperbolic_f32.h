#pragma once
#include "../scalar.h"
