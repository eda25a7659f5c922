/** The transport to UnifiedPush endpoints. May import the core, OkHttp and slf4j. */
@NullMarked
package dev.nippush.unifiedpush;

import org.jspecify.annotations.NullMarked;
