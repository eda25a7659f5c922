/** The transport to UnifiedPush and Web Push endpoints. May import the core, OkHttp and slf4j. */
@NullMarked
package dev.nippush.unifiedpush;

import org.jspecify.annotations.NullMarked;
