//! Makes an image small enough for a profile, in the browser.

use chat_api::MAX_IMAGE_BYTES;
use thiserror::Error;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{CanvasRenderingContext2d, File, HtmlCanvasElement, ImageBitmap};

use base64::{Engine, prelude::BASE64_STANDARD};

/// The widths that are tried, in pixels, until one is small enough.
const WIDTHS: [u32; 4] = [192, 144, 96, 64];

/// How well the image is kept: more is larger.
const QUALITY: f64 = 0.85;

/// Why an image cannot be used.
#[derive(Debug, Error)]
pub enum PortraitError {
    #[error("This file is no image that this browser can read.")]
    Unreadable,
    #[error("This browser cannot draw images.")]
    Undrawable,
    #[error("This image does not get small enough.")]
    TooLarge,
}

/// The middle of the image as a small WebP, or a PNG where a browser makes none.
pub async fn shrunk(file: File) -> Result<Vec<u8>, PortraitError> {
    let bitmap = gloo_utils::window()
        .create_image_bitmap_with_blob(&file)
        .map_err(|_| PortraitError::Unreadable)?;
    let bitmap: ImageBitmap = JsFuture::from(bitmap)
        .await
        .map_err(|_| PortraitError::Unreadable)?
        .unchecked_into();
    for width in WIDTHS {
        let image = drawn(&bitmap, width).ok_or(PortraitError::Undrawable)?;
        if image.len() <= MAX_IMAGE_BYTES {
            return Ok(image);
        }
    }
    Err(PortraitError::TooLarge)
}

/// The largest square in the middle of the image, drawn so wide.
fn drawn(bitmap: &ImageBitmap, width: u32) -> Option<Vec<u8>> {
    let document = gloo_utils::document();
    let canvas: HtmlCanvasElement = document.create_element("canvas").ok()?.dyn_into().ok()?;
    canvas.set_width(width);
    canvas.set_height(width);
    let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
    let side = f64::from(bitmap.width().min(bitmap.height()));
    let (left, top) = (
        (f64::from(bitmap.width()) - side) / 2.0,
        (f64::from(bitmap.height()) - side) / 2.0,
    );
    let width = f64::from(width);
    context
        .draw_image_with_image_bitmap_and_sw_and_sh_and_dx_and_dy_and_dw_and_dh(
            bitmap, left, top, side, side, 0.0, 0.0, width, width,
        )
        .ok()?;
    let quality = JsValue::from_f64(QUALITY);
    let url = canvas
        .to_data_url_with_type_and_encoder_options("image/webp", &quality)
        .ok()?;
    let (_, content) = url.split_once("base64,")?;
    BASE64_STANDARD.decode(content).ok()
}
