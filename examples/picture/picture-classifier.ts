import { InvalidRequest, ModelEndpoint } from 'nestjs-model-serving';
import sharp from 'sharp';
import { PictureModel } from './picture-model.js';
import { pictureSchema, type RequestInput, type ResponseOutput } from './picture.proto.js';

const SHAPES = ['CIRCLE', 'CROSS', 'SQUARE'] as const;
/** The model sees a square of so many pixels a side. */
const SIDE = 16;
/** Pixels of what is decoded, at most: a small file may hold a huge picture. */
const LARGEST = 4096 * 4096;

/** However a picture comes, as a form, a body of its own, base64 or protobuf, it is the same bytes here. */
@ModelEndpoint('/', pictureSchema, { name: 'picture', maxConcurrency: 4 })
export class PictureClassifier {
  constructor(private readonly model: PictureModel) {}

  async predict({ image, inverted = false }: RequestInput): Promise<ResponseOutput> {
    if (image === undefined) throw new InvalidRequest('Missing image');
    const pixels = await decode(image);
    const row = { pixels: pixels.map((pixel) => (inverted ? 1 - pixel : pixel)) };
    const [result] = await this.model.runBatch([row]);
    if (result === undefined || result instanceof Error) throw result;
    const { probabilities } = result;
    const probability = Math.max(...probabilities);
    return { shape: SHAPES[probabilities.indexOf(probability)]!, probability };
  }
}

/** A picture in any format as grey pixels, from 0 to 1. */
async function decode(image: Uint8Array): Promise<number[]> {
  try {
    const picture = sharp(image, { limitInputPixels: LARGEST }).flatten({ background: 'white' });
    const grey = picture.resize(SIDE, SIDE, { fit: 'fill' }).greyscale();
    return Array.from(await grey.raw().toBuffer(), (byte) => byte / 255);
  } catch (cause) {
    throw new InvalidRequest(`The image cannot be decoded: ${(cause as Error).message}`, { cause });
  }
}
