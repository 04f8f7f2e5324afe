//! A short sound for what is new, made on the spot.

use std::cell::RefCell;

use wasm_bindgen::JsValue;
use web_sys::AudioContext;

/// The notes, each with its pitch in hertz and when it begins in seconds.
const NOTES: [(f32, f64); 2] = [(587.33, 0.0), (880.0, 0.11)];

/// How loud a note is at first, of 1.
const VOLUME: f32 = 0.12;

/// How long a note is heard, in seconds.
const LENGTH: f64 = 0.45;

/// Makes sounds.
#[derive(Default)]
pub(super) struct Sound {
    context: RefCell<Option<AudioContext>>,
}

impl Sound {
    /// Makes the sound. Before the first click on a page, browsers keep it silent.
    pub fn play(&self) {
        // Without sound, the page still shows what there is.
        let _ = self.try_play();
    }

    fn try_play(&self) -> Result<(), JsValue> {
        let mut context = self.context.borrow_mut();
        let context = match &mut *context {
            Some(context) => context,
            none => none.insert(AudioContext::new()?),
        };
        let now = context.current_time();
        for (pitch, begins) in NOTES {
            let (begins, ends) = (now + begins, now + begins + LENGTH);
            let volume = context.create_gain()?;
            volume.connect_with_audio_node(&context.destination())?;
            volume.gain().set_value_at_time(VOLUME, begins)?;
            volume
                .gain()
                .exponential_ramp_to_value_at_time(0.001, ends)?;
            let note = context.create_oscillator()?;
            note.frequency().set_value(pitch);
            note.connect_with_audio_node(&volume)?;
            note.start_with_when(begins)?;
            note.stop_with_when(ends)?;
        }
        Ok(())
    }
}
