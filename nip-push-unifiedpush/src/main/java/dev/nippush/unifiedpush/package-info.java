/** The transport to UnifiedPush endpoints. May import the core and OkHttp. */
@NullMarked
package dev.nippush.unifiedpush;

import org.jspecify.annotations.NullMarked;
