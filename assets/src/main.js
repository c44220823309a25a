// Behaviour that every page has; each module is one behaviour that templates switch on by attributes (docs/manual/en/pages.md).
import "./requests.js";
import "./toasts.js";
import "./dialogs.js"; // before drafts: a question that is answered no has sent nothing
import "./drafts.js";
import "./forms.js";
import "./countdown.js";
import "./bulk.js";
import "./files.js";
import "./passkeys.js";
import "./keyboard.js";
import "./palette.js";
import "./tour.js";
import "./wall.js";
